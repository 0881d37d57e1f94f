package rehearse

import (
	"fmt"
	"html"
	"strings"
	"unicode"
)

// canvas collects the shapes of a drawing. How they look is said once, in the
// style, by their class.
type canvas struct{ b strings.Builder }

func (c *canvas) rect(class string, x, y, w, h, radius float64, title string) {
	c.shape("rect", class, fmt.Sprintf(`x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="%.1f"`, x, y, max(w, 0), h, radius), title)
}

func (c *canvas) line(class string, x1, y1, x2, y2 float64) {
	c.shape("line", class, fmt.Sprintf(`x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"`, x1, y1, x2, y2), "")
}

func (c *canvas) circle(class string, x, y, r float64, title string) {
	c.shape("circle", class, fmt.Sprintf(`cx="%.1f" cy="%.1f" r="%.1f"`, x, y, r), title)
}

// polygon takes its corners as x, y, x, y, …
func (c *canvas) polygon(class, title string, corners ...float64) {
	var points []string
	for i := 0; i+1 < len(corners); i += 2 {
		points = append(points, fmt.Sprintf("%.1f,%.1f", corners[i], corners[i+1]))
	}
	c.shape("polygon", class, `points="`+strings.Join(points, " ")+`"`, title)
}

// shape writes an element; its title is what a mouse that rests on it reads.
func (c *canvas) shape(element, class, attributes, title string) {
	fmt.Fprintf(&c.b, `<%s class="%s" %s`, element, class, attributes)
	if title == "" {
		c.b.WriteString("/>\n")
		return
	}
	fmt.Fprintf(&c.b, "><title>%s</title></%s>\n", escape(title), element)
}

func (c *canvas) text(class string, x, y float64, s string) {
	fmt.Fprintf(&c.b, `<text class="%s" x="%.1f" y="%.1f">%s</text>`+"\n", class, x, y, escape(s))
}

// escape makes text harmless in XML, which does not even know how to write most
// control characters.
func escape(s string) string {
	return html.EscapeString(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == 0xFFFE || r == 0xFFFF {
			return ' '
		}
		return r
	}, s))
}

// wide guesses how wide a text is in a font of this size.
func wide(s string, size float64) float64 { return float64(len([]rune(s))) * size * 0.56 }

// clip cuts a text to what fits; "" where that would be no word.
func clip(s string, size, room float64) string {
	if wide(s, size) <= room {
		return s
	}
	fits := int(room/(size*0.56)) - 1
	if fits < 4 {
		return ""
	}
	return strings.TrimRight(string([]rune(s)[:fits]), " ") + "…"
}
