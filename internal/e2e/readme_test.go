package e2e

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestReadmePicture holds the conversation that the README shows. With E2E_SCREENSHOTS set it also takes the picture:
//
//	E2E_SCREENSHOTS=/tmp go test -run TestReadmePicture . && cp /tmp/quickstart.png ../../examples/quickstart/
func TestReadmePicture(t *testing.T) {
	addr, hubspotAddr := freeAddr(t), freeAddr(t)
	p := start(t, nil, "-addr", addr, "-hubspot-addr", hubspotAddr)
	p.waitFor("Customer")
	b := browser(t)
	for _, text := range []string{"Can I return an opened box?", "Bonjour ! Où est mon colis n° 2044 ?"} {
		writeAsAnother(t, b, "http://"+addr+"/", text)
	}
	s := &sides{customer: open(t, b, "http://"+addr+"/"), agent: open(t, b, "http://"+hubspotAddr+"/")}
	s.agent.until("the others are in the list", `document.querySelectorAll('[data-testid="agent-thread"]').length === 2`)
	const height = 820
	s.customer.run(chromedp.EmulateViewport(640, height))
	s.agent.run(chromedp.EmulateViewport(1280, height))

	lines := []line{
		{"customer", "Hi! Do you still have the blue kettle? 🫖"},
		{"agent", "Hello! Yes, we do: 1.7 litres, in stock."},
		{"customer", "Wunderbar. Liefern Sie auch nach Wien?"},
		{"agent", "Ja, in zwei Tagen. 📦"},
		{"customer", "ممتاز، شكرًا جزيلًا!"},
		{"agent", "على الرحب والسعة!"},
	}
	for i, l := range lines {
		s.say(l)
		s.heard(i + 1)
	}
	s.compare(lines)
	s.statusesAre("READ")

	dir := os.Getenv("E2E_SCREENSHOTS")
	if dir == "" {
		return
	}
	const gap = 24
	left, right := shot(t, s.customer), shot(t, s.agent)
	all := image.NewRGBA(image.Rect(0, 0, left.Bounds().Dx()+right.Bounds().Dx()+3*gap, height+2*gap))
	draw.Draw(all, all.Bounds(), image.NewUniform(color.RGBA{0xcb, 0xd5, 0xe1, 0xff}), image.Point{}, draw.Src)
	draw.Draw(all, left.Bounds().Add(image.Pt(gap, gap)), left, image.Point{}, draw.Src)
	draw.Draw(all, right.Bounds().Add(image.Pt(left.Bounds().Dx()+2*gap, gap)), right, image.Point{}, draw.Src)
	var file bytes.Buffer
	if err := png.Encode(&file, all); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "quickstart.png"), file.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// writeAsAnother has a customer write who has a browser of her own.
func writeAsAnother(t *testing.T, b context.Context, url, text string) {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	p := &page{t: t, ctx: ctx}
	p.run(chromedp.Navigate(url))
	p.paste("customer-input", text)
	p.click("customer-send")
	p.until("the message is sent", `document.querySelector('[data-testid="customer-messages"]').innerText.includes('Sent')`)
}

func shot(t *testing.T, p *page) image.Image {
	t.Helper()
	data, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}
