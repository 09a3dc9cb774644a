package richtext

import (
	"fmt"
	"strconv"
	"strings"
)

// declarations calls yield with each property and value of a style attribute, both trimmed, the property in lower case.
func declarations(css string, yield func(property, value string)) {
	for len(css) > 0 {
		end := declarationEnd(css)
		property, value, ok := strings.Cut(css[:end], ":")
		if ok {
			value, _, _ = strings.Cut(value, "!") // !important
			yield(strings.ToLower(strings.TrimSpace(property)), strings.TrimSpace(value))
		}
		css = css[min(end+1, len(css)):]
	}
}

// declarationEnd is where the next semicolon stands that is not inside quotes or brackets, as in url(data:a;b).
func declarationEnd(css string) int {
	var closer byte
	for i := 0; i < len(css); i++ {
		switch c := css[i]; {
		case closer != 0:
			if c == closer {
				closer = 0
			}
		case c == '"' || c == '\'':
			closer = c
		case c == '(':
			closer = ')'
		case c == ';':
			return i
		}
	}
	return len(css)
}

// cssColor brings a colour into the form #rrggbb. It answers "" for what it does not know, such as windowtext, and for
// transparent colours.
func cssColor(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	if hex, ok := strings.CutPrefix(s, "#"); ok {
		return hexColor(hex)
	}
	if name, args, ok := strings.Cut(s, "("); ok && (name == "rgb" || name == "rgba") {
		return rgbColor(strings.TrimSuffix(args, ")"))
	}
	return namedColor(s)
}

func hexColor(s string) string {
	for i := range len(s) {
		if !isHex(s[i]) {
			return ""
		}
	}
	switch len(s) {
	case 3:
		return "#" + string([]byte{s[0], s[0], s[1], s[1], s[2], s[2]})
	case 6:
		return "#" + s
	}
	return ""
}

func rgbColor(args string) string {
	fields := strings.FieldsFunc(args, func(r rune) bool { return r == ',' || r == ' ' || r == '/' })
	if len(fields) < 3 || len(fields) > 4 {
		return ""
	}
	if len(fields) == 4 {
		alpha, err := strconv.ParseFloat(strings.TrimSuffix(fields[3], "%"), 64)
		if err != nil || !(alpha > 0) {
			return ""
		}
	}
	var rgb [3]uint64
	for i := range rgb {
		n, err := strconv.ParseUint(fields[i], 10, 8)
		if err != nil {
			return ""
		}
		rgb[i] = n
	}
	return fmt.Sprintf("#%02x%02x%02x", rgb[0], rgb[1], rgb[2])
}

// namedColor knows the colours of HTML 4, which editors and mail programs write, and no more.
func namedColor(name string) string {
	switch name {
	case "black":
		return "#000000"
	case "silver":
		return "#c0c0c0"
	case "gray", "grey":
		return "#808080"
	case "white":
		return "#ffffff"
	case "maroon":
		return "#800000"
	case "red":
		return "#ff0000"
	case "purple":
		return "#800080"
	case "fuchsia", "magenta":
		return "#ff00ff"
	case "green":
		return "#008000"
	case "lime":
		return "#00ff00"
	case "olive":
		return "#808000"
	case "yellow":
		return "#ffff00"
	case "navy":
		return "#000080"
	case "blue":
		return "#0000ff"
	case "teal":
		return "#008080"
	case "aqua", "cyan":
		return "#00ffff"
	case "orange":
		return "#ffa500"
	}
	return ""
}

// cssSize accepts sizes in pixels and points that can be read: 6 to 96 pixels.
func cssSize(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	for unit, pixels := range map[string]float64{"px": 1, "pt": 96.0 / 72} {
		number, ok := strings.CutSuffix(s, unit)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || !(n*pixels >= 6 && n*pixels <= 96) {
			return ""
		}
		n = float64(int(n*100+0.5)) / 100
		return strconv.FormatFloat(n, 'f', -1, 64) + unit
	}
	return ""
}

// fontSize translates the sizes 1 to 7 of <font size>.
func fontSize(s string) string {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil || n < 1 || n > 7 {
		return ""
	}
	return []string{"10px", "13px", "16px", "18px", "24px", "32px", "48px"}[n-1]
}

// cssFonts keeps the families of a list whose names are plain words, up to 100 bytes.
func cssFonts(s string) string {
	var families []string
	length := 0
	for family := range strings.SplitSeq(s, ",") {
		family = strings.Join(strings.Fields(strings.Trim(strings.TrimSpace(family), `"'`)), " ")
		if length += len(family) + 2; length > 100 {
			break
		}
		if plainFont(family) {
			families = append(families, family)
		}
	}
	return strings.Join(families, ", ")
}

// plainFont accepts words that CSS takes without quotes: each begins with a letter.
func plainFont(family string) bool {
	start := true
	for _, r := range family {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (start || !('0' <= r && r <= '9' || r == '-' || r == ' ')) {
			return false
		}
		start = r == ' '
	}
	return family != ""
}

// cssAlign answers "" for the sides, where text begins anyway.
func cssAlign(s string) string {
	switch s = strings.ToLower(strings.TrimSpace(s)); s {
	case "center", "right", "justify":
		return s
	}
	return ""
}
