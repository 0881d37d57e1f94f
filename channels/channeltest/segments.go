package channeltest

import (
	"strings"
	"unicode/utf16"
)

// The GSM 7-bit default alphabet and its extension table (3GPP TS 23.038,
// sections 6.2.1 and 6.2.1.1). A character of the extension takes two septets.
const (
	gsm7 = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsm7Extension = "\f^{}\\[~]|€"
)

// Segments returns how many SMS a body takes, and is billed for. In GSM-7 one
// message holds 160 septets and each of several 153; with any other character
// in it (UCS-2) it is 70 and 67 UTF-16 units. No character is cut in two.
func Segments(body string) int {
	sizes, single, each := septets(body)
	total := 0
	for _, n := range sizes {
		total += n
	}
	if total <= single {
		return 1
	}
	segments, room := 1, each
	for _, n := range sizes {
		if n > room {
			segments, room = segments+1, each
		}
		room -= n
	}
	return segments
}

// septets returns the size of each character, and what one segment holds when
// it is alone and when it is one of several.
func septets(body string) (sizes []int, single, each int) {
	for _, r := range body {
		switch {
		case strings.ContainsRune(gsm7, r):
			sizes = append(sizes, 1)
		case strings.ContainsRune(gsm7Extension, r):
			sizes = append(sizes, 2)
		default:
			return ucs2(body), 70, 67
		}
	}
	return sizes, 160, 153
}

func ucs2(body string) (sizes []int) {
	for _, r := range body {
		sizes = append(sizes, utf16.RuneLen(r))
	}
	return sizes
}
