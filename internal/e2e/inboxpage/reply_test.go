package inboxpage

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/messages"
)

// send presses Send and waits until the editor has become empty.
func (p *page) send() {
	p.t.Helper()
	p.click(byID("agent-send"))
	p.until("the editor is empty", `(e => (e.value ?? e.textContent).trim() === '')(document.querySelector('`+editor+`'))`)
}

// lastStatus waits for the state under the newest message.
func (p *page) lastStatus(text string) {
	p.t.Helper()
	p.until("the newest message is "+text, fmt.Sprintf(`[...document.querySelectorAll('%s')].at(-1)?.innerText.includes(%q)`, message, text))
}

func ada(t *testing.T) (*world, *page) {
	t.Helper()
	w := newWorld(t, rich).connect()
	w.say("Ada", "Where is my parcel?")
	p := w.open("")
	p.openThread("Ada")
	return w, p
}

// TestReply (S9) writes with styles, and follows the reply until the customer has read it.
func TestReply(t *testing.T) {
	w, p := ada(t)
	p.write(editor, "It ships ")
	p.click(byID("tool-bold"))
	p.enter("today")
	p.click(byID("tool-bold"))
	p.enter(", see ")
	p.click(byID("tool-link"))
	p.write(byID("link-text"), "tracking")
	p.write(byID("link-address"), "parcels.example.com/7")
	p.click(byID("link-done"))
	p.until("the link is in the text", `document.querySelector('`+editor+` a')?.textContent === 'tracking'`)
	p.enter(".")
	p.send()
	p.lastStatus("Sent")
	got := w.arrived(1)
	if want := "It ships today, see tracking https://parcels.example.com/7."; got.Text != want {
		t.Errorf("the text is %q, want %q", got.Text, want)
	}
	for _, part := range []string{"<strong>today</strong>", `<a href="https://parcels.example.com/7"`} {
		if !strings.Contains(got.RichText, part) {
			t.Errorf("the rich text %q lacks %s", got.RichText, part)
		}
	}
	if got.From != "Robin Hale" || got.To != "Ada" {
		t.Errorf("from %s to %s", got.From, got.To)
	}
	must(t, w.bridge.Report(t.Context(), shop, "sent-1", messages.StatusRead, ""))
	p.lastStatus("Read")

	p.click(byID("tool-list"))
	p.enter("one")
	p.press(kb.Enter)
	p.enter("two")
	p.send()
	list := w.arrived(2)
	if want := "• one\n• two"; list.Text != want || !strings.Contains(list.RichText, "<ul><li>one</li><li>two</li></ul>") {
		t.Errorf("got %q and %q", list.Text, list.RichText)
	}
}

// TestAttach (S9) sends files by button, by drag and drop and by paste, and a picture in the text.
func TestAttach(t *testing.T) {
	w, p := ada(t)
	p.run(chromedp.SetUploadFiles(byID("agent-file"), []string{file(t, "label.pdf", "%PDF-1.4 label")}))
	p.shows(byID("chip"), "label.pdf")
	eval[bool](p, given("drop", `#conversation`, "dragged.txt", "text/plain"))
	p.shows(byID("chip"), "dragged.txt")
	eval[bool](p, given("paste", editor, "pasted.txt", "text/plain"))
	p.shows(byID("chip"), "pasted.txt")
	p.send()
	want := map[string]string{"label.pdf": "%PDF-1.4 label", "dragged.txt": "dragged.txt", "pasted.txt": "pasted.txt"}
	if diff := cmp.Diff(want, w.arrived(1).Files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}

	p.write(editor, "Like this one?")
	p.run(chromedp.SetUploadFiles(byID("agent-image"), []string{file(t, "box.png", string(picture(t, 48)))}))
	p.until("the picture is in the text", `document.querySelector('`+editor+` img')?.naturalWidth === 48`)
	p.send()
	got := w.arrived(2)
	if !regexp.MustCompile(`<img src="http[^"]+/(signed-url-redirect|hubfs)`).MatchString(got.RichText) {
		t.Errorf("the rich text is %q", got.RichText)
	}
	if len(got.Files) != 1 || got.Text != "Like this one?" {
		t.Errorf("got %d files with the text %q", len(got.Files), got.Text)
	}
	p.until("the page shows it", `[...document.querySelectorAll('`+message+` [data-testid="text"] img')].some(i => i.naturalWidth === 48)`)
}

// TestInsert (S9) inserts one of each kind.
func TestInsert(t *testing.T) {
	w, p := ada(t)
	n := 0
	for id, want := range map[string]string{
		"greeting": "Thank you for writing to us!", "steps": "1. Print the label", "price-list": "Price list http", "call": "Book a call http",
		"track": "How to track an order http", "quote-2044": "Quote 2044 http", "unboxing": "Unboxing http",
	} {
		p.click(byID("insert"))
		if id == "call" {
			p.screenshot("insert")
		}
		p.click(byID("insert-" + id))
		p.gone("dialog")
		p.click(byID("agent-send"))
		n++
		if got := w.arrived(n); !strings.HasPrefix(got.Text, want) || got.RichText == "" {
			t.Errorf("%s arrives as %q, want %q", id, got.Text, want)
		}
	}
}

// TestLimits (S9) is told before sending what the channel does not take.
func TestLimits(t *testing.T) {
	w, p := ada(t)
	large := file(t, "film.txt", strings.Repeat("x", 200_001))
	p.run(chromedp.SetUploadFiles(byID("agent-file"), []string{large}))
	p.shows("#composer-problem", "film.txt is too large: 200 kB, and Parcel Chat takes at most 200 kB a file.")
	p.until("nothing can be sent", `document.querySelector('[data-testid="agent-send"]').disabled`)
	p.click(byID("chip") + " button")
	var four []string
	for i := range 4 {
		four = append(four, file(t, fmt.Sprint(i, ".txt"), strings.Repeat("x", 90_000)))
	}
	p.run(chromedp.SetUploadFiles(byID("agent-file"), four))
	p.shows("#composer-problem", "takes at most 3 files a message: remove 1.")
	p.click(byID("chip") + " button")
	p.gone("#composer-problem")
	p.send()
	if got := len(w.arrived(1).Files); got != 3 {
		t.Errorf("%d files arrive, want 3", got)
	}
}

// TestPlain (S9) has no styles and no files to offer where the channel takes none.
func TestPlain(t *testing.T) {
	w := newWorld(t, plain).connect()
	w.say("Ada", "Hello")
	p := w.open("")
	p.openThread("Ada")
	if eval[bool](p, `document.querySelector('`+editor+`').tagName !== 'TEXTAREA' || !!document.querySelector('[data-testid="tool-bold"]')`) {
		t.Error("the editor offers styles")
	}
	eval[bool](p, given("drop", `#conversation`, "dragged.txt", "text/plain"))
	p.shows("#composer-problem", "Parcel Chat takes no files")
	p.click(byID("chip") + " button")
	p.write(editor, "Two\nlines")
	p.click(byID("insert"))
	p.click(byID("insert-call"))
	p.send()
	if got := w.arrived(1); !strings.HasPrefix(got.Text, "Two\nlines Book a call http") || got.RichText != "" {
		t.Errorf("got %q and the rich text %q", got.Text, got.RichText)
	}
}

// TestFailed (S9) reads why a reply was not delivered, and sends it again with its file.
func TestFailed(t *testing.T) {
	w, p := ada(t)
	w.refuseAll("The customer has left the chat.")
	p.run(chromedp.SetUploadFiles(byID("agent-file"), []string{file(t, "label.pdf", "%PDF-1.4")}))
	p.write(editor, "Are you still there?")
	p.send()
	p.lastStatus("Failed: The customer has left the chat. Change it or choose another channel")
	p.screenshot("failed")
	w.refuseAll("")
	p.click(byID("write-again"))
	p.shows(byID("chip"), "label.pdf")
	p.send()
	// HubSpot renames the second file of the same name.
	want := sent{
		To: "Ada", Account: shop, From: "Robin Hale", Text: "Are you still there?", RichText: "<p>Are you still there?</p>",
		Files: map[string]string{"label-1.pdf": "%PDF-1.4"},
	}
	if diff := cmp.Diff(want, w.arrived(1)); diff != "" {
		t.Errorf("sent again (-want +got):\n%s", diff)
	}
}

// TestComment keeps a note among the agents.
func TestComment(t *testing.T) {
	w, p := ada(t)
	p.click(byID("tab-comment"))
	p.write(editor, "She is a good customer.")
	p.click(byID("agent-send"))
	p.shows(byID("comment"), "She is a good customer.")
	p.click(byID("tab-reply"))
	p.write(editor, "It ships today.")
	p.send()
	if got := w.arrived(1).Text; got != "It ships today." {
		t.Errorf("the customer got %q", got)
	}
	p.screenshot("comment")
}

// TestDrafts keeps what was begun in one conversation while the agent looks at another.
func TestDrafts(t *testing.T) {
	w, p := ada(t)
	w.say("Bo", "Hello")
	p.write(editor, "Dear Ada")
	p.openThread("Bo")
	p.until("Bo's editor is empty", `document.querySelector('`+editor+`').textContent === ''`)
	p.openThread("Ada")
	p.until("the draft is there", `document.querySelector('`+editor+`').textContent === 'Dear Ada'`)
}

// file writes a file that an agent may choose.
func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	must(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// given drops or pastes a file, whose content is its name, on an element.
func given(event, selector, name, contentType string) string {
	return fmt.Sprintf(`(() => {
		const data = new DataTransfer();
		data.items.add(new File([atob(%q)], %q, {type: %q}));
		const options = {bubbles: true, cancelable: true};
		const event = %q === 'drop' ? new DragEvent('drop', {...options, dataTransfer: data}) : new ClipboardEvent('paste', {...options, clipboardData: data});
		return document.querySelector(%q).dispatchEvent(event) || true;
	})()`, base64.StdEncoding.EncodeToString([]byte(name)), name, contentType, event, selector)
}
