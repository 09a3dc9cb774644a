package inboxpage

import (
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

func tab(t *testing.T, url string) *page {
	ctx, cancel := chromedp.NewContext(chromium)
	t.Cleanup(cancel)
	p := &page{t: t, ctx: ctx}
	p.run(chromedp.Navigate(url))
	return p
}

func TestDbg(t *testing.T) {
	cmd := exec.Command("/tmp/inboxqs", "-addr", "127.0.0.1:18080", "-hubspot-addr", "127.0.0.1:18081")
	must(t, cmd.Start())
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	time.Sleep(3 * time.Second)
	c := tab(t, "http://127.0.0.1:18080/")
	p := tab(t, "http://127.0.0.1:18081/")
	c.write(byID("customer-input"), "Hi! My parcel 4471 says “delivered”, but nothing is here 😕")
	c.click(byID("customer-send"))
	eventually(t, "seen", func() bool { return eval[bool](p, `document.querySelectorAll('`+message+`').length >= 1`) })
	p.write(editor, "Hello, sorry about that! Let me look it up. One moment, please.")
	p.click(byID("agent-send"))
	time.Sleep(time.Second)
	p.screenshot("dbg")
	t.Log(eval[string](p, `document.querySelector('`+editor+`').value + '|' + document.querySelector('#outbox').innerText + '|' + document.querySelector('[data-testid="agent-send"]').disabled+ '|' + document.querySelector('#composer-problem').innerText`))
}
