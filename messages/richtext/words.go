package richtext

import "strings"

// spellLinks puts links into words. Links that show nothing, because their image is not kept, show their URL.
func spellLinks(runs []run, spell func(url string) bool) []run {
	var out []run
	for len(runs) > 0 {
		i, url := 1, runs[0].url
		for i < len(runs) && runs[i].url == url {
			i++
		}
		link := runs[:i:i]
		runs = runs[i:]
		if url != "" && blank(link) {
			link = []run{{kind: Text, text: spelled(url), marks: link[0].marks}}
		}
		if url != "" && spell(url) {
			link = spellLink(link, url)
		}
		out = append(out, link...)
	}
	return out
}

func spellLink(link []run, url string) []run {
	for i := range link {
		link[i].url = ""
	}
	if label := joinText(link); !says(label, url) {
		// The space after a label comes after its URL.
		last := link[len(link)-1]
		last.code = false
		text := " (" + spelled(url) + ")"
		if trimmed := strings.TrimSuffix(last.text, " "); trimmed != last.text {
			link[len(link)-1].text = trimmed
			text += " "
		}
		last.kind, last.text, last.src = Text, text, ""
		link = append(link, last)
	}
	return link
}

// keepSpaces turns white space that would collapse into no-break spaces.
func keepSpaces(s string) string {
	s = strings.TrimRight(strings.ReplaceAll(s, "\t", "    "), " ")
	var b strings.Builder
	space := true
	for _, r := range s {
		if r == ' ' && space {
			b.WriteRune('\u00a0')
			continue
		}
		space = r == ' '
		b.WriteRune(r)
	}
	return b.String()
}
