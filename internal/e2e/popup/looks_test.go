package popup

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// widerThanTheScreen lists what a reader would have to scroll sideways for.
const widerThanTheScreen = `[...document.querySelectorAll("*")].filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.outerHTML.slice(0, 90))`

// nameless lists controls that a screen reader could not name, and ids that are there twice or that nothing has.
const nameless = `[
	...[...document.querySelectorAll("button, a, input:not([type=hidden]), select")].filter((e) => !(e.innerText?.trim() && e.tagName !== "SELECT" || e.labels?.length)),
	...[...document.querySelectorAll("[id]")].filter((e) => document.querySelectorAll("#" + e.id).length > 1),
	...[...document.querySelectorAll("[aria-describedby]")].filter((e) => e.getAttribute("aria-describedby").split(" ").some((id) => !document.getElementById(id))),
].map((e) => e.outerHTML.slice(0, 90))`

// faint lists texts whose contrast is below 4.5 to 1, and borders of inputs below 3 to 1 (WCAG 2.2, 1.4.3 and 1.4.11).
const faint = `(() => {
	const parse = (c) => c.match(/[\d.]+/g).map(Number);
	const light = (c) => { const [r, g, b] = parse(c).map((v) => v / 255).map((v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b };
	const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((m, n) => n - m); return (x + .05) / (y + .05) };
	const ground = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if ((parse(c)[3] ?? 1) > 0) return c } return "rgb(255, 255, 255)" };
	const out = [];
	for (const e of document.querySelectorAll("main, main *")) {
		const style = getComputedStyle(e);
		if ([...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) && ratio(style.color, ground(e)) < 4.5) out.push("text " + e.outerHTML.slice(0, 60));
		if (e.matches("input, select") && ratio(style.borderColor, ground(e)) < 3) out.push("border " + e.outerHTML.slice(0, 60));
	}
	return out;
})()`

// TestLooks shows every page in HubSpot's window, light and dark.
func TestLooks(t *testing.T) {
	w := newWorld(t)
	w.install()
	p := w.open()
	for _, scheme := range []string{"light", "dark"} {
		p.dress(scheme)
		p.visit(w.begin().PopupURL)
		p.look(scheme + "-1-form")
		if got := eval[int](p, `Math.ceil(document.querySelector("footer").getBoundingClientRect().bottom)`); got > 600 {
			t.Errorf("a form of three fields ends at %d pixels", got)
		}
		p.fill("acme", "wrong-key", "e")
		p.reads("Acme does not know this key.")
		p.look(scheme + "-2-field")
		p.enter("workspace", "broken")
		p.enter("key", rightKey)
		p.click("button")
		p.reads("It did not work.")
		p.look(scheme + "-3-above")
		p.enter("workspace", "acme"+scheme)
		p.enter("key", rightKey)
		p.click("button")
		p.ended("acme" + scheme)
		p.back(3)
		p.reads("is connected")
		p.look(scheme + "-4-connected")
		p.visit(with(t, w.begin().PopupURL, "redirectUrl", "https://evil.example/"))
		p.look(scheme + "-5-refused")
	}
}

// look checks what all pages have in common.
func (p *page) look(name string) {
	p.t.Helper()
	p.keep(name)
	for what, script := range map[string]string{"too wide": widerThanTheScreen, "nameless": nameless, "faint": faint} {
		if diff := cmp.Diff([]string{}, eval[[]string](p, script)); diff != "" {
			p.t.Errorf("%s: %s (-want +got):\n%s", name, what, diff)
		}
	}
}
