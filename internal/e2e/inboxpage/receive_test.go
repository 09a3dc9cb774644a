package inboxpage

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/messages"
)

const (
	thread  = `[data-testid="agent-thread"]`
	message = `[data-testid="agent-messages"] [data-testid="message"]`
	editor  = `[data-testid="agent-input"]`
)

// row is the row of a customer in the list.
func row(customer string) string {
	return fmt.Sprintf(`[...document.querySelectorAll('[data-testid="agent-thread"]')].find(row => row.querySelector('.thread-customer').innerText === %q)`, customer)
}

// openThread opens a customer's conversation from the list.
func (p *page) openThread(customer string) {
	p.t.Helper()
	p.until(customer+" is in the list", row(customer))
	eval[bool](p, row(customer)+`.click() ?? true`)
	p.until("the conversation is open", `document.querySelector('#conversation-customer').textContent === '`+customer+`' && !document.querySelector('#composer').hidden`)
}

// TestReceive (S6) sees messages come in, in a new conversation and in one that is open.
func TestReceive(t *testing.T) {
	w := newWorld(t, rich).connect()
	p := w.open("")
	p.shows("#empty", "No conversations yet")
	w.say("Ada", "Where is my parcel?")
	p.shows(message, "Where is my parcel?") // the only conversation opens by itself
	p.gone(byID("toast"))                   // and needs no note
	p.shows("#details", "Visitor, not a contact yet")

	w.say("Bo", "Hello?")
	p.until("Bo is unread", row("Bo")+`?.dataset.unread === '1'`)
	if got := w.thread("Ada").Unread; got != 0 {
		t.Errorf("%d messages of the open conversation are unread", got)
	}
	w.say("Ada", "It should be here by now.")
	p.shows(message, "It should be here by now.")
	p.until("the newest is on top", `document.querySelector('`+thread+`').innerText.includes('Ada')`)
	eventually(t, "the agent has read it", func() bool { return w.thread("Ada").Unread == 0 })
	p.until("it is read out", `document.querySelector('#announce').textContent === 'Ada: It should be here by now.'`)

	p.openThread("Bo")
	p.until("Bo is read", row("Bo")+`.dataset.unread === '0'`)

	w.receive(&bridge.Incoming{From: channels.Opaque("Ada"), FromName: "Ada", Text: "This answers you.", InReplyTo: "said-1"})
	p.openThread("Ada")
	p.shows(".answered", "Where is my parcel?")
}

// TestMedia (S7) shows what a customer sends as what it is.
func TestMedia(t *testing.T) {
	w := newWorld(t, rich).connect()
	w.say("Ada", "Look:",
		media("box.png", "image/png", messages.UsageImage, picture(t, 64)),
		media("wave.png", "image/png", messages.UsageSticker, picture(t, 32)),
		media("song.wav", "audio/wav", messages.UsageAudio, tone()),
		media("voice.wav", "audio/wav", messages.UsageVoiceRecording, tone()),
		media("Invoice 2044.pdf", "application/pdf", messages.UsageOther, []byte("%PDF-1.4\n")))
	p := w.open("")
	p.openThread("Ada")
	w.say("Ada", "And this:", media("unpacking.mp4", "video/mp4", messages.UsageOther, recordVideo(t, p, "video/mp4;codecs=vp9")))
	p.until("the picture is shown", `document.querySelector('[data-testid="image"] img')?.naturalWidth === 64`)
	p.until("the sticker is shown", `document.querySelector('[data-testid="sticker"] img')?.naturalWidth === 32`)
	for _, kind := range []string{"audio", "voice", "video"} {
		p.until("the "+kind+" can be played", `(player => player?.controls && player.readyState >= 1 && player.duration > 0)(document.querySelector('[data-testid="`+kind+`"] :is(audio, video)'))`)
	}
	p.shows(byID("voice"), "Voice message")
	p.shows(byID("file"), "Invoice 2044.pdf")
	p.click(byID("image"))
	p.until("the picture is large", `document.querySelector('#lightbox').open`)
	p.press("\x1b")

	w.publish("Ada", messages.Location(52.52, 13.405, "The neighbour"))
	w.publish("Ada", messages.Contact(messages.ContactName{First: "Grace", Last: "Hopper"}, messages.ContactPhone{Phone: "+49 30 1234"}))
	w.publish("Ada", messages.QuickReplies(messages.QuickReply{Value: "yes", Label: "Yes, please"}))
	w.publish("Ada", messages.SocialMetadata(messages.MediaPhoto, "https://example.com/post/1"))
	w.publish("Ada", messages.UnsupportedContent())
	p.shows(byID("location"), "The neighbour")
	p.shows(byID("contact"), "Grace Hopper")
	p.shows(byID("quick_replies"), "Yes, please")
	p.shows(byID("social_media_metadata"), "example.com")
	p.shows(byID("unsupported_content"), "cannot show")
	p.screenshot("media")
}

// TestWebM (S7): one extension stands for sound and for film, so what the customer's or the agent's browser says of it decides.
func TestWebM(t *testing.T) {
	w := newWorld(t, rich).connect()
	w.say("Ada", "Hello")
	p := w.open("")
	p.openThread("Ada")
	film := recordVideo(t, p, "video/webm;codecs=vp8")
	w.say("Ada", "Film", media("film.webm", "video/webm", messages.UsageOther, film))
	w.say("Ada", "Voice", media("voice.webm", "video/webm", messages.UsageVoiceRecording, film))
	w.say("Ada", "Sound", media("sound.webm", "audio/webm", messages.UsageAudio, film))
	w.say("Ada", "Sticker", media("wave.webm", "video/webm", messages.UsageSticker, film))
	p.shows(message, "Sticker")
	p.until("the sticker moves", `(s => s?.tagName === 'VIDEO' && s.muted && s.currentTime > 0)(document.querySelector('[data-testid="sticker"]'))`)
	p.run(chromedp.SetUploadFiles(byID("agent-file"), []string{file(t, "answer.webm", string(film))}))
	p.shows(byID("chip"), "answer.webm")
	p.send()
	w.arrived(1)
	p.shows(message, "answer.webm")
	got := eval[[]string](p, `Array.from(document.querySelectorAll('`+message+` :is(audio, video)'), (e) => e.tagName + ' ' + e.ariaLabel)`)
	want := []string{"VIDEO film.webm", "AUDIO Voice message", "AUDIO sound.webm", "VIDEO Sticker wave.webm", "VIDEO answer.webm"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("players (-want +got):\n%s", diff)
	}
	p.screenshot("webm")
}

// TestNotify (S12) is told of a message in another conversation, until the agent switches that off.
func TestNotify(t *testing.T) {
	w := newWorld(t, rich).connect()
	w.say("Ada", "Good morning")
	w.say("Bo", "Hello")
	p := w.open("")
	p.openThread("Ada")
	w.say("Bo", "Is anybody there?")
	p.shows(byID("toast"), "Bo: Is anybody there?")
	p.until("the note covers nothing that is needed", `(r => document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2).closest('#send'))(document.querySelector('#send').getBoundingClientRect())`)
	p.screenshot("notify")
	p.until("the title counts", `document.title.startsWith('(2)')`)
	p.click(byID("toast") + " button")
	p.shows(message, "Is anybody there?")

	p.openThread("Ada")
	p.click(byID("notifications"))
	p.until("they are off", `document.querySelector('[data-testid="notifications"]').getAttribute('aria-pressed') === 'false'`)
	w.say("Bo", "And now?")
	p.until("the title counts", `document.title.startsWith('(1)')`)
	p.gone(byID("toast"))
	p.run(chromedp.Reload())
	p.until("they stay off", `document.querySelector('[data-testid="notifications"]')?.getAttribute('aria-pressed') === 'false'`)
}

// picture is a PNG of so many pixels.
func picture(t *testing.T, size int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, size, size))
	for x := range size {
		for y := range size {
			img.Set(x, y, color.RGBA{uint8(4 * x), uint8(4 * y), 170, 255})
		}
	}
	var out bytes.Buffer
	must(t, png.Encode(&out, img))
	return out.Bytes()
}

// tone is half a second of sound.
func tone() []byte {
	const rate, count = 8000, 4000
	var out bytes.Buffer
	out.WriteString("RIFF")
	for _, v := range []any{
		uint32(36 + count), []byte("WAVEfmt "), uint32(16), uint16(1), uint16(1), uint32(rate), uint32(rate), uint16(1), uint16(8), []byte("data"), uint32(count),
	} {
		_ = binary.Write(&out, binary.LittleEndian, v) // into memory
	}
	for i := range count {
		out.WriteByte(byte(128 + 90*math.Sin(2*math.Pi*440*float64(i)/rate)))
	}
	return out.Bytes()
}

// recordVideo films a drawing in the browser.
func recordVideo(t *testing.T, p *page, contentType string) []byte {
	t.Helper()
	text := eval[string](p, `new Promise((resolve) => {
		const canvas = document.createElement('canvas');
		canvas.width = 160; canvas.height = 90;
		const pen = canvas.getContext('2d');
		let frame = 0;
		const drawing = setInterval(() => {
			pen.fillStyle = 'hsl(' + (frame++ * 20) + ' 60% 50%)';
			pen.fillRect(0, 0, 160, 90);
			if (frame === 12) recorder.stop();
		}, 40);
		const recorder = new MediaRecorder(canvas.captureStream(25), {mimeType: '`+contentType+`'});
		const parts = [];
		recorder.ondataavailable = ({data}) => parts.push(data);
		recorder.onstop = async () => {
			clearInterval(drawing);
			const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
			resolve(btoa(String.fromCharCode(...bytes)));
		};
		recorder.start();
	})`)
	video, err := base64.StdEncoding.DecodeString(text)
	must(t, err)
	return video
}
