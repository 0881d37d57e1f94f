package channels

import (
	"crypto/hmac"
	"encoding/base32"
	"strconv"
	"strings"
)

// refEncoding has digits and lower-case letters only, so that a reference can be
// part of a mail address, of which relays may change the case, and of a URL.
var refEncoding = base32.HexEncoding.WithPadding(base32.NoPadding)

// refTag is how many bytes of a reference prove that it is ours.
const refTag = 10

// Ref is a name for one row of a part that the outside world may be given, and
// brings back with what it reports. Nobody without the key can make one up, and
// it holds nothing about the recipient.
func (k Key) Ref(part string, row int) string {
	return k.seal("reference", []byte(part+"."+strconv.Itoa(row)))
}

// Resolve returns what a reference names; ok is false for one that this key did
// not make.
func (k Key) Resolve(ref string) (part string, row int, ok bool) {
	raw, ok := k.open("reference", ref)
	name := string(raw)
	dot := strings.LastIndexByte(name, '.')
	if !ok || dot < 0 {
		return "", 0, false
	}
	row, err := strconv.Atoi(name[dot+1:])
	return name[:dot], row, err == nil
}

// seal writes something that only this key can have written, for a purpose.
func (k Key) seal(purpose string, what []byte) string {
	return strings.ToLower(refEncoding.EncodeToString(append(k.mac(purpose, string(what))[:refTag], what...)))
}

// open reads what seal wrote, in whatever case. It has no other spelling: the decoder
// alone would take one with line breaks, with letters that only become these in upper
// case, or with other bits at its end that stand for nothing.
func (k Key) open(purpose, sealed string) ([]byte, bool) {
	raw, err := refEncoding.DecodeString(strings.ToUpper(sealed))
	if text := refEncoding.EncodeToString(raw); err != nil || len(text) != len(sealed) || !strings.EqualFold(text, sealed) {
		return nil, false
	}
	if len(raw) <= refTag || !hmac.Equal(raw[:refTag], k.mac(purpose, string(raw[refTag:]))[:refTag]) {
		return nil, false
	}
	return raw[refTag:], true
}
