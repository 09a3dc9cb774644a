package bridge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/messages"
	"github.com/customchannels/customchannels-go/oauth"
)

// files opens the way to the message's files. One that cannot be had does not stop the text: the customer gets the
// text, and the agent reads what is missing.
func (d *delivery) files(ctx context.Context, m *Outgoing) error {
	for _, a := range d.event.Message.Attachments {
		f, ok := a.(*messages.FileAttachment)
		if !ok {
			continue
		}
		media, err := d.file(ctx, f)
		if err != nil {
			return err
		}
		if media != nil {
			d.add(m, media)
		}
	}
	return d.inlineImages(ctx, m)
}

// add hands a file to Send, if the channel can carry it beside those that are there.
func (d *delivery) add(m *Outgoing, media *OutgoingMedia) {
	total := media.Size
	for _, f := range m.Media {
		total += f.Size
	}
	if why := d.exceeds(media, len(m.Media)+1, total); why != "" {
		d.missing = append(d.missing, fmt.Sprintf("%s was not sent: %s.", media.Name, why))
		return
	}
	m.Media = append(m.Media, media)
}

func (d *delivery) file(ctx context.Context, f *messages.FileAttachment) (*OutgoingMedia, error) {
	if f.ID == "" {
		d.missing = append(d.missing, "A file was not sent: HubSpot did not say which.")
		return nil, nil
	}
	if slices.Contains(d.steps.lost, f.ID) {
		d.missing = append(d.missing, "A file was not sent: HubSpot did not give out its content.")
		return nil, nil
	}
	// The link is fresh at each attempt: links of an earlier one have expired.
	link, err := d.portal.messages.SignedURL(ctx, f.ID, once()...)
	var answer *channels.Error
	if errors.As(err, &answer) && (answer.StatusCode == http.StatusNotFound || answer.StatusCode == http.StatusForbidden) {
		d.missing = append(d.missing, "A file was not sent: HubSpot does not give it out to this app.")
		return nil, nil
	}
	if errors.Is(err, oauth.ErrUninstalled) || errors.Is(err, oauth.ErrNotInstalled) {
		d.missing = append(d.missing, "A file was not sent: the app is not installed in HubSpot any more.")
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	name := fileName(link.FileName())
	m := &OutgoingMedia{Name: name, Type: typeByName(name, f.Usage), Size: link.Size, Usage: f.Usage}
	m.URL = link.URL
	def(&m.Type, "application/octet-stream")
	def(&m.Usage, usageOf(m.Type))
	m.open = func(ctx context.Context) (io.ReadCloser, error) {
		stream, err := d.portal.messages.Download(ctx, link.URL, once()...)
		if err == nil && isHTML(stream.ContentType) && !isHTML(m.Type) {
			err = errors.Join(errPage, stream.Body.Close())
		}
		if err != nil {
			if d.it.Attempt >= fileAttempts || errors.Is(err, errPage) || errors.Is(err, channels.ErrNotFound) {
				d.steps.lose(f.ID)
			}
			return nil, fmt.Errorf("bridge: open file %s: %w", f.ID, err)
		}
		return stream.Body, nil
	}
	return m, nil
}

// fileAttempts is how often a file is opened in vain, over some ten minutes, before the text goes without it.
const fileAttempts = 10

// errPage is about a login or error page.
var errPage = errors.New("HubSpot answered with a page in place of the file")

// exceeds says which of the channel's limits a file breaks, or nothing. Limits that are zero are HubSpot's to enforce.
func (d *delivery) exceeds(m *OutgoingMedia, count int, total int64) string {
	c := &d.cfg.Definition.Capabilities
	switch {
	case !slices.Contains(c.OutgoingAttachmentTypes, channels.OutgoingFile):
		return "this channel carries no files"
	case c.MaxFileCount > 0 && count > c.MaxFileCount:
		return fmt.Sprintf("this channel carries at most %d files in a message", c.MaxFileCount)
	case c.MaxFileBytes > 0 && m.Size > c.MaxFileBytes:
		return fmt.Sprintf("this channel carries files of at most %d bytes", c.MaxFileBytes)
	case c.MaxTotalFileBytes > 0 && total > c.MaxTotalFileBytes:
		return fmt.Sprintf("this channel carries at most %d bytes of files in a message", c.MaxTotalFileBytes)
	case !allowedType(c.AllowedFileMIMETypes, m.Type):
		return "this channel does not carry files of type " + m.Type
	}
	return ""
}

func allowedType(allowed []string, mimeType string) bool {
	if len(allowed) == 0 {
		return true
	}
	mimeType, _, _ = strings.Cut(strings.ToLower(mimeType), ";")
	mimeType = strings.TrimSpace(mimeType)
	return slices.ContainsFunc(allowed, func(a string) bool {
		kind, wild := strings.CutSuffix(strings.ToLower(a), "/*")
		return wild && strings.HasPrefix(mimeType, kind+"/") || strings.EqualFold(a, mimeType)
	})
}
