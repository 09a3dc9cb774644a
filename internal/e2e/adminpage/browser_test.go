package adminpage

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// page is a tab or a popup. What goes wrong in its console fails the test.
type page struct {
	t   *testing.T
	w   *world
	ctx context.Context
}

// open starts a headless Chromium with the simulator's page in it, shown to a user.
func (w *world) open(user, hash string) *page {
	w.t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		w.t.Fatal("these tests need chromium: ", err)
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true), chromedp.WindowSize(1280, 860))
	ctx, cancel := chromedp.NewExecAllocator(w.t.Context(), opts...)
	w.t.Cleanup(cancel)
	console := &console{}
	ctx, cancel = chromedp.NewContext(ctx, chromedp.WithListener(console.note))
	w.t.Cleanup(cancel)
	w.t.Cleanup(func() { console.check(w.t) })
	must(w.t, chromedp.Do(ctx)) // a tab lives as long as the context that opened it
	p := &page{t: w.t, w: w, ctx: ctx}
	p.run(chromedp.Navigate(w.hubspot.URL() + "/?user=" + user + hash))
	p.run(chromedp.WaitVisible(chromedp.CSS(".admin h1")))
	return p
}

// console collects what a page complains of.
type console struct {
	mu         sync.Mutex
	complaints []string
}

func (c *console) note(ev any) {
	var text string
	switch e := ev.(type) {
	case *runtime.EventExceptionThrown:
		text = e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			text = e.Entry.Text + " " + e.Entry.URL
		}
	}
	if text != "" {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.complaints = append(c.complaints, text)
	}
}

func (c *console) check(t *testing.T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, complaint := range c.complaints {
		// The browser notes every answer of 400 and more. A page of the simulator tells the user why.
		if !strings.Contains(complaint, "Failed to load resource") || !strings.Contains(complaint, "/simulator/") && !strings.Contains(complaint, "/oauth/authorize") {
			t.Errorf("the page complains: %s", complaint)
		}
	}
}

func (p *page) run(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.keep("failed")
		p.t.Fatal(err)
	}
}

// testid is the selector of an element that tests use.
func testid(id string) string { return `[data-testid="` + id + `"]` }

func (p *page) click(id string) {
	p.t.Helper()
	p.clickOn(testid(id))
}

func (p *page) clickOn(selector string) {
	p.t.Helper()
	p.run(chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// enter replaces what stands in an input.
func (p *page) enter(selector, text string) {
	p.t.Helper()
	p.run(chromedp.WaitVisible(chromedp.CSS(selector)), chromedp.Focus(chromedp.CSS(selector)))
	eval[any](p, fmt.Sprintf(`document.querySelector(%s).select()`, quote(selector)))
	if _, err := chromedp.Call(p.ctx, input.InsertText, input.InsertTextParams{Text: text}); err != nil {
		p.t.Fatal(err)
	}
}

// choose picks an option of a select.
func (p *page) choose(id, value string) {
	p.t.Helper()
	p.run(chromedp.WaitVisible(chromedp.CSS(testid(id))))
	eval[bool](p, fmt.Sprintf(`(() => { const s = document.querySelector(%s); s.value = %s; s.dispatchEvent(new Event("change")); return s.value === %[2]s })()`,
		quote(testid(id)), quote(value)))
}

func (p *page) press(keys string) {
	p.t.Helper()
	p.run(chromedp.KeyEvent(keys))
}

func quote(s string) string {
	b, _ := json.Marshal(s) // strings can always be marshalled
	return string(b)
}

// eval runs JavaScript and returns its value.
func eval[T any](p *page, script string) T {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](script))
	if err != nil {
		p.t.Fatalf("%s: %v", script, err)
	}
	return v
}

// reads waits until the page shows a text.
func (p *page) reads(text string) {
	p.t.Helper()
	p.until(fmt.Sprintf("the page reads %q", text), `document.body?.innerText.includes(`+quote(text)+`)`)
}

// lacks waits until the page does not show a text.
func (p *page) lacks(text string) {
	p.t.Helper()
	p.until(fmt.Sprintf("the page does not read %q", text), `document.body && !document.body.innerText.includes(`+quote(text)+`)`)
}

// until waits for a JavaScript condition. A page that is being left answers with an error, and the next one is asked again.
func (p *page) until(what, condition string) {
	p.t.Helper()
	var err error
	defer func() {
		if p.t.Failed() {
			p.keep("failed")
			p.t.Logf("the last answer: %v", err)
		}
	}()
	p.w.until(what, func() (met bool) {
		met, err = chromedp.Run(p.ctx, chromedp.Evaluate[bool]("!!("+condition+")"))
		return err == nil && met
	})
}

func (p *page) shown(id string) bool {
	p.t.Helper()
	return eval[bool](p, `!!document.querySelector(`+quote(testid(id))+`)?.checkVisibility()`)
}

func (p *page) text(selector string) string {
	p.t.Helper()
	return eval[string](p, `document.querySelector(`+quote(selector)+`)?.innerText ?? ""`)
}

// popup waits for a window that the page has opened to be at an address, and returns it.
func (p *page) popup(prefix string) *page {
	p.t.Helper()
	var id target.ID
	p.w.until("a window is at "+prefix, func() bool {
		list, err := chromedp.Targets(p.ctx)
		must(p.t, err)
		for _, info := range list {
			if info.Type == "page" && info.OpenerID != "" && strings.HasPrefix(info.URL, prefix) {
				id = info.TargetID
			}
		}
		return id != ""
	})
	ctx, cancel := chromedp.NewContext(p.ctx, chromedp.WithTargetID(id))
	p.t.Cleanup(cancel)
	must(p.t, chromedp.Do(ctx))
	return &page{t: p.t, w: p.w, ctx: ctx}
}

// alone waits until no other window is open.
func (p *page) alone() {
	p.t.Helper()
	p.w.until("the window is closed", func() bool {
		list, err := chromedp.Targets(p.ctx)
		must(p.t, err)
		open := 0
		for _, info := range list {
			if info.Type == "page" {
				open++
			}
		}
		return open == 1
	})
}

// keep writes a picture of the page where E2E_SCREENSHOTS names a directory.
func (p *page) keep(name string) {
	dir := os.Getenv("E2E_SCREENSHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Log(err)
		return
	}
	name = strings.NewReplacer("/", "-", "#", "").Replace(p.t.Name() + "-" + name)
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		p.t.Error(err)
	}
}

// do runs JavaScript for its effect.
func (p *page) do(script string) {
	p.t.Helper()
	eval[any](p, script+"; undefined")
}
