package popup

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

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"
)

// page is the popup's window. What its console complains of fails the test.
type page struct {
	t   *testing.T
	w   *world
	ctx context.Context
}

// open starts a headless Chromium with an empty window of the popup's size, in which no script runs.
func (w *world) open() *page {
	w.t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		w.t.Fatal("these tests need chromium: ", err)
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true), chromedp.WindowSize(600, 600))
	ctx, cancel := chromedp.NewExecAllocator(w.t.Context(), opts...)
	w.t.Cleanup(cancel)
	console := &console{}
	ctx, cancel = chromedp.NewContext(ctx, chromedp.WithListener(console.note))
	w.t.Cleanup(cancel)
	w.t.Cleanup(func() { console.check(w.t) })
	must(w.t, chromedp.Do(ctx)) // a tab lives as long as the context that opened it
	p := &page{t: w.t, w: w, ctx: ctx}
	p.run(chromedp.EmulateViewport(600, 600))
	p.scripts(false)
	return p
}

// scripts lets scripts run in the page, or not.
func (p *page) scripts(on bool) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
	must(p.t, err)
}

// console collects what a page complains of, such as a violation of its policy.
type console struct {
	mu         sync.Mutex
	complaints []string
}

func (c *console) note(ev any) {
	e, ok := ev.(*log.EventEntryAdded)
	if !ok || e.Entry.Level != log.EntryLevelError && e.Entry.Level != log.EntryLevelWarning {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.complaints = append(c.complaints, e.Entry.Text+" "+e.Entry.URL)
}

func (c *console) check(t *testing.T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, complaint := range c.complaints {
		// The browser notes every answer of 400 and more, and that there is no favicon.
		if !strings.Contains(complaint, "Failed to load resource") {
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

func (p *page) visit(address string) {
	p.t.Helper()
	p.run(chromedp.Navigate(address))
}

// find waits for an element, and returns how scripts find it. chromedp's own ways lose sight of pages that come back from the
// window's history, and wait in vain for mouse events that lead to another site.
func (p *page) find(selector string) string {
	p.t.Helper()
	found := `document.querySelector(` + quote(selector) + `)`
	p.until(selector+" is shown", found+`?.checkVisibility()`)
	return found
}

func (p *page) click(selector string) {
	p.t.Helper()
	eval[any](p, `void `+p.find(selector)+`.click()`)
}

// back goes back in the window's history. A page that was kept as it was is not loaded again, so nothing is waited for.
func (p *page) back(pages int) {
	p.t.Helper()
	eval[any](p, fmt.Sprintf(`void history.go(-%d)`, pages))
}

// enter replaces what stands in an input.
func (p *page) enter(field, text string) {
	p.t.Helper()
	eval[any](p, `void `+p.find("#field-"+field)+`.select()`)
	if _, err := chromedp.Call(p.ctx, input.InsertText, input.InsertTextParams{Text: text}); err != nil {
		p.t.Fatal(err)
	}
}

// choose picks an option by the keyboard, which needs no script.
func (p *page) choose(field, first string) {
	p.t.Helper()
	eval[any](p, `void `+p.find("#field-"+field)+`.focus()`)
	p.run(chromedp.KeyEvent(first))
}

func quote(s string) string {
	b, _ := json.Marshal(s) // strings can always be marshalled
	return string(b)
}

// eval runs JavaScript of the test's own, and returns its value.
func eval[T any](p *page, script string) T {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](script))
	if err != nil {
		p.t.Fatalf("%s: %v", script, err)
	}
	return v
}

// until waits for a JavaScript condition, also while the page is changing.
func (p *page) until(what, condition string) {
	p.t.Helper()
	defer func() {
		if p.t.Failed() {
			p.keep("failed")
			p.t.Log(eval[string](p, `location.href + "\n" + document.body?.innerText`))
		}
	}()
	p.w.until(what, func() bool {
		ok, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool]("!!("+condition+")"))
		return err == nil && ok
	})
}

// reads waits until the page shows a text.
func (p *page) reads(text string) {
	p.t.Helper()
	p.until(fmt.Sprintf("the page reads %q", text), `document.body?.innerText.includes(`+quote(text)+`)`)
}

// at waits until the window is at an address.
func (p *page) at(prefix string) {
	p.t.Helper()
	p.until("the window is at "+prefix, `location.href.startsWith(`+quote(prefix)+`)`)
}

func (p *page) value(field string) string {
	p.t.Helper()
	return eval[string](p, `document.querySelector(`+quote("#field-"+field)+`)?.value ?? "(no field)"`)
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
	if err := os.WriteFile(filepath.Join(dir, strings.ReplaceAll(p.t.Name(), "/", "-")+"-"+name+".png"), png, 0o644); err != nil {
		p.t.Error(err)
	}
}

// dress sets the colour scheme.
func (p *page) dress(scheme string) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	must(p.t, err)
}
