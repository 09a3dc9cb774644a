package inboxpage

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// chromium is one browser for all tests; each has a profile of its own in it only as far as its simulator has an
// address of its own.
var chromium context.Context

func TestMain(m *testing.M) {
	os.Exit(func() int {
		path, err := exec.LookPath("chromium")
		if err != nil {
			fmt.Fprintln(os.Stderr, "these tests need a browser: install chromium")
			return 1
		}
		opts := append(chromedp.DefaultExecAllocatorOptions[:],
			chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true),
			chromedp.Flag("disable-component-update", true), chromedp.WindowSize(1440, 900))
		ctx, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
		defer cancel()
		ctx, cancel = chromedp.NewContext(ctx)
		defer cancel()
		if err := chromedp.Do(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "chromium:", err)
			return 1
		}
		chromium = ctx
		return m.Run()
	}())
}

// page is a tab with the simulator's page. A test fails when its console shows an error.
type page struct {
	t   *testing.T
	ctx context.Context
}

func (w *world) open(path string) *page {
	w.Helper()
	return w.openIn(w.T, path, chromedp.EmulateViewport(1440, 900))
}

// openIn opens a tab that is closed with the test t.
func (w *world) openIn(t *testing.T, path string, options ...chromedp.Action[chromedp.Void]) *page {
	t.Helper()
	ctx, cancel := chromedp.NewContext(chromium)
	p := &page{t: t, ctx: ctx}
	problems := p.watch()
	t.Cleanup(func() {
		cancel()
		for _, problem := range <-problems {
			t.Errorf("the browser's console says: %s", problem)
		}
	})
	p.run(options...)
	p.run(chromedp.Navigate(w.hubspot.URL() + "/" + path))
	return p
}

// watch collects what the console complains of, until the tab is closed. A refusal of the API is no complaint: the
// page shows it.
func (p *page) watch() <-chan []string {
	messages := chromedp.Console(p.ctx)
	all := make(chan []string, 1)
	go func() {
		var problems []string
		for m, err := range messages {
			if err != nil {
				break
			}
			refused := m.Source == "network" && strings.Contains(m.URL, "/simulator/api/")
			if (m.Type == "error" || m.IsException()) && !refused {
				problems = append(problems, m.String())
			}
		}
		all <- problems
	}()
	return all
}

func (p *page) run(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.screenshot("failed-" + p.t.Name())
		p.t.Fatal(err)
	}
}

func byID(testid string) string { return `[data-testid="` + testid + `"]` }

func (p *page) click(selector string) {
	p.t.Helper()
	p.run(chromedp.Click(selector, chromedp.NodeVisible))
}

// choose picks an option of a select by its text.
func (p *page) choose(selector, text string) {
	p.t.Helper()
	p.until("there is "+text, fmt.Sprintf(`[...document.querySelector(%q)?.options ?? []].some(o => o.text.includes(%q))`, selector, text))
	eval[bool](p, fmt.Sprintf(`(() => {
		const select = document.querySelector(%q);
		select.value = [...select.options].find(o => o.text.includes(%q)).value;
		select.dispatchEvent(new Event('input', {bubbles: true}));
		return select.dispatchEvent(new Event('change', {bubbles: true}));
	})()`, selector, text))
}

// write puts text at the cursor of an input, as the clipboard does.
func (p *page) write(selector, text string) {
	p.t.Helper()
	p.run(chromedp.WaitVisible(selector), chromedp.Focus(selector))
	p.enter(text)
}

// enter puts text where the cursor is.
func (p *page) enter(text string) {
	p.t.Helper()
	if _, err := chromedp.Call(p.ctx, input.InsertText, input.InsertTextParams{Text: text}); err != nil {
		p.t.Fatal(err)
	}
}

// press presses a key, which may be one of package kb.
func (p *page) press(key string, options ...chromedp.KeyOption) {
	p.t.Helper()
	p.run(chromedp.KeyEvent(key, options...))
}

// eval runs JavaScript and returns its value.
func eval[T any](p *page, script string) T {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: %v", script, err)
	}
	return v
}

// until waits for a JavaScript condition. A page that is being left answers with an error, and the next one is asked again.
func (p *page) until(what, condition string) {
	p.t.Helper()
	var err error
	defer func() {
		if p.t.Failed() {
			p.screenshot("failed-" + strings.ReplaceAll(p.t.Name(), "/", "-"))
			p.t.Logf("the last answer: %v", err)
		}
	}()
	eventually(p.t, what, func() (met bool) {
		met, err = chromedp.Run(p.ctx, chromedp.Evaluate[bool]("!!("+condition+")", chromedp.EvalAwaitPromise))
		return err == nil && met
	})
}

// shows waits until an element says something.
func (p *page) shows(selector, text string) {
	p.t.Helper()
	quoted, _ := json.Marshal(text)
	p.until(fmt.Sprintf("%s shows %q", selector, text),
		fmt.Sprintf(`[...document.querySelectorAll(%q)].some(e => e.checkVisibility() && (e.innerText ?? '').includes(%s))`, selector, quoted))
}

// gone waits until an element is not to be seen.
func (p *page) gone(selector string) {
	p.t.Helper()
	p.until(selector+" is gone", fmt.Sprintf(`![...document.querySelectorAll(%q)].some(e => e.checkVisibility())`, selector))
}

// texts are what the elements say.
func (p *page) texts(selector string) []string {
	p.t.Helper()
	return eval[[]string](p, fmt.Sprintf(`Array.from(document.querySelectorAll(%q), e => e.innerText)`, selector))
}

// screenshot keeps a picture of the page where E2E_SCREENSHOTS names a directory.
func (p *page) screenshot(name string) {
	dir := os.Getenv("E2E_SCREENSHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		p.t.Error(err)
	}
}
