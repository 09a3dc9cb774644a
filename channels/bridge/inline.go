package bridge

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/messages"
	"github.com/customchannels/customchannels-go/messages/richtext"
)

// inlineImages hands the pictures in an agent's text on as files: HubSpot does not list them among the attachments. What
// cannot or must not be fetched stays a link in the text.
func (d *delivery) inlineImages(ctx context.Context, m *Outgoing) error {
	var seen []string
	for _, a := range d.event.Message.Attachments {
		if f, ok := a.(*messages.FileAttachment); ok {
			seen = append(seen, string(f.ID))
		}
	}
	for _, img := range richtext.Images(d.event.Message.RichText) {
		if id := cmp.Or(img.FileID, img.URL.String()); !slices.Contains(seen, id) {
			seen = append(seen, id)
			if err := d.inlineImage(ctx, m, &img); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *delivery) inlineImage(ctx context.Context, m *Outgoing, img *richtext.InlineImage) error {
	link := img.URL.String()
	if img.FileID != "" && d.images.isAPI(img.URL) && (img.PortalID == 0 || img.PortalID == d.it.Portal) {
		media, err := d.file(ctx, &messages.FileAttachment{ID: messages.FileID(img.FileID), Usage: messages.UsageImage})
		if err != nil || media == nil {
			return err
		}
		media.InlineURL = link
		d.add(m, media)
		return nil
	}
	if slices.Contains(d.cfg.Definition.Capabilities.OutgoingAttachmentTypes, channels.OutgoingFile) {
		media, err := d.picture(ctx, img)
		if err == nil {
			d.add(m, media)
			return nil
		}
		d.log.Debug("a picture in a message stays a link", "seq", d.it.Seq, "reason", err)
	}
	if !strings.Contains(m.Text, link) {
		m.Text = strings.TrimSpace(m.Text + "\n" + link)
	}
	return nil
}

// picture is a public picture as a file. It is looked at now, since Send could do nothing about it if it is not there.
func (d *delivery) picture(ctx context.Context, img *richtext.InlineImage) (*OutgoingMedia, error) {
	limit := cmp.Or(d.cfg.Definition.Capabilities.MaxFileBytes, maxPicture)
	seen, err := d.images.open(ctx, img.URL, limit)
	if err != nil {
		return nil, err
	}
	size := seen.size
	if size == 0 {
		size, err = io.Copy(io.Discard, seen) // it may be too large
	}
	if err = errors.Join(err, seen.Close()); err != nil {
		return nil, err
	}
	name := fileName(img.URL.Path)
	if path.Ext(name) == "" && path.Ext(img.Alt) != "" {
		name = fileName(img.Alt)
	}
	return &OutgoingMedia{Name: name, Type: seen.contentType, Size: size, Usage: messages.UsageImage, InlineURL: img.URL.String(),
		open: func(ctx context.Context) (io.ReadCloser, error) { return d.images.open(ctx, img.URL, limit) }}, nil
}

// maxPicture bounds a picture, in bytes, where the channel does not say how large its files may be.
const maxPicture = 100 << 20

// openPicture is a picture that is being read.
type openPicture struct {
	io.Reader
	io.Closer
	contentType string
	size        int64 // 0 if not known
}

var errNoImage = errors.New("what is there is not a picture")

// asPicture checks that an answer is a picture, and not the login page that HubSpot shows in place of private files.
func asPicture(resp *http.Response, limit int64) (*openPicture, error) {
	if resp.StatusCode != http.StatusOK {
		return nil, errors.New("answered " + resp.Status)
	}
	size := max(resp.ContentLength, 0)
	if size > limit {
		return nil, errTooLarge
	}
	head := make([]byte, 512)
	n, err := io.ReadFull(resp.Body, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	kind := http.DetectContentType(head[:n])
	if !strings.HasPrefix(kind, "image/") { // it knows few types, but HTML among them
		declared, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
		declared = strings.TrimSpace(strings.ToLower(declared))
		if strings.HasPrefix(kind, "text/html") || !strings.HasPrefix(declared, "image/") {
			return nil, errNoImage
		}
		kind = declared
	}
	body := &limited{io.MultiReader(strings.NewReader(string(head[:n])), resp.Body), limit}
	return &openPicture{body, resp.Body, kind, size}, nil
}

// limited fails where more comes than expected, so that nothing is cut off without a word.
type limited struct {
	r    io.Reader
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}

// isHTML reports whether a type of content is HTML.
func isHTML(contentType string) bool {
	return strings.HasPrefix(strings.ToLower(strings.TrimSpace(contentType)), "text/html")
}

// hostPort is an URL's host as lists of hosts have it.
func hostPort(u *url.URL) string { return strings.ToLower(u.Host) }
