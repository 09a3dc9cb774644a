package bridge

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/messages"
)

// incomingWork is the payload of a KindIncoming item: the customer's message as it was received.
type incomingWork struct {
	ID        string                      `json:"id"`
	From      channels.DeliveryIdentifier `json:"from"`
	FromName  string                      `json:"fromName,omitempty"`
	To        channels.DeliveryIdentifier `json:"to"`
	Account   channels.AccountID          `json:"account,omitempty"`
	Thread    string                      `json:"thread,omitempty"`
	Text      string                      `json:"text,omitempty"`
	RichText  string                      `json:"richText,omitempty"`
	Media     []spooled                   `json:"media,omitempty"`
	InReplyTo string                      `json:"inReplyTo,omitempty"`
	Time      time.Time                   `json:"time"`
	ContactID int64                       `json:"contactId,omitempty"`
}

// spooled is a file of a customer's message that waits in the store, or the note that it could not be kept.
type spooled struct {
	ID      string             `json:"id,omitempty"`
	Name    string             `json:"name"`
	Type    string             `json:"type"`
	Usage   messages.FileUsage `json:"usage,omitempty"`
	Size    int64              `json:"size"`
	Problem string             `json:"problem,omitempty"`
	Sum     []byte             `json:"sum,omitempty"`
}

// Receive takes a customer's message in. When it returns nil the message is stored, and the bridge publishes it to
// HubSpot however long that takes; on any other error it is not, so let the service send it again, unless
// the error says that it never will be: [ErrUnknownAccount], [ErrAmbiguousAccount], [ErrOwnMessage],
// [ErrConflict] and [ErrInvalid]. A message that was received before is not published again, and Receive returns nil.
//
// Call it in the order in which the customer wrote. Run need not be running.
func (b *Bridge) Receive(ctx context.Context, m *Incoming) error {
	channel, err := b.channelID(ctx)
	if err != nil {
		return err
	}
	if err := validateIncoming(m); err != nil {
		return err
	}
	account, err := b.recipient(ctx, channel, m)
	if err != nil {
		return err
	}
	if m.From == account.Identifier {
		return ErrOwnMessage
	}
	if l, err := b.store.LinkByService(ctx, channel, account.ID, m.ID); err == nil && l.Direction == messages.DirectionOutgoing {
		return ErrOwnMessage // the service's echo of what Send sent
	}
	work := &incomingWork{
		ID: m.ID, From: m.From, FromName: m.FromName, To: account.Identifier, Account: m.AccountID, Thread: m.Thread,
		Text: m.Text, RichText: m.RichText, InReplyTo: m.InReplyTo, Time: m.Time, ContactID: m.ContactID,
	}
	def(&work.Time, b.now())
	for i := range m.Media {
		file, err := b.spool(ctx, &m.Media[i])
		if err != nil {
			return fmt.Errorf("bridge: file %q: %w", m.Media[i].Name, err)
		}
		work.Media = append(work.Media, *file)
	}
	return b.acceptIncoming(ctx, channel, account, work)
}

func (b *Bridge) acceptIncoming(ctx context.Context, channel channels.ID, account *Account, work *incomingWork) error {
	now := b.now()
	conversation := work.Thread
	if conversation == "" || b.cfg.Definition.Capabilities.ThreadingModel == channels.ByDeliveryIdentifier {
		conversation = work.From.String()
	}
	item := &NewItem{
		Key:      fmt.Sprintf("incoming/%d/%s/%s", account.Portal, account.Identifier, work.ID),
		Kind:     KindIncoming,
		Channel:  channel,
		Portal:   account.Portal,
		Lane:     fmt.Sprintf("incoming/%d/%s/%s", account.Portal, account.Identifier, conversation),
		Payload:  marshal(work),
		Content:  work.content(),
		At:       now,
		Deadline: now.Add(b.cfg.HoldFor),
	}
	for _, f := range work.Media {
		if f.ID != "" {
			item.Media = append(item.Media, f.ID)
		}
	}
	got, err := b.store.Accept(ctx, item)
	if err != nil {
		return fmt.Errorf("bridge: not stored: %w", err)
	}
	b.cfg.Trace.accepted([]*NewItem{item}, got)
	if got[0] == Conflict {
		b.log.Warn("a message with a known ID and other content was dropped", "portal", account.Portal, "account", account.ID)
		return ErrConflict
	}
	b.poke()
	return nil
}

// content is what makes two messages with the same ID the same message: not when they arrived, nor how they were kept.
func (w incomingWork) content() []byte {
	w.Time = time.Time{}
	w.Media = append([]spooled(nil), w.Media...)
	for i := range w.Media {
		w.Media[i].ID = ""
	}
	return marshal(w)
}

func validateIncoming(m *Incoming) error {
	switch {
	case m.ID == "":
		return fmt.Errorf("%w: the ID is empty; without it repetitions cannot be recognised", ErrInvalid)
	case m.Text == "" && m.RichText == "" && len(m.Media) == 0:
		return fmt.Errorf("%w: there is neither text nor media", ErrInvalid)
	case m.To.IsZero() && m.AccountID == "":
		return fmt.Errorf("%w: To or AccountID is required", ErrInvalid)
	case slices.ContainsFunc(m.Media, func(f Media) bool { return f.Body == nil }):
		return fmt.Errorf("%w: a file of Media has no Body", ErrInvalid)
	}
	if err := m.From.Validate(); err != nil {
		return fmt.Errorf("%w: From: %w", ErrInvalid, err)
	}
	return nil
}

// recipient finds the account that a message was written to.
func (b *Bridge) recipient(ctx context.Context, channel channels.ID, m *Incoming) (*Account, error) {
	if m.AccountID != "" {
		a, err := b.store.Account(ctx, channel, m.AccountID)
		if errors.Is(err, ErrNotFound) {
			return nil, ErrUnknownAccount
		}
		return a, err
	}
	found, err := b.store.FindAccounts(ctx, channel, m.To)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, ErrUnknownAccount
	}
	for _, a := range found[1:] {
		if a.Portal != found[0].Portal {
			return nil, ErrAmbiguousAccount
		}
	}
	return found[len(found)-1], nil // the one connected last
}

const chunkSize = 256 << 10 // bytes; each is a short transaction

// spool keeps a file in the store, so that it is there as long as its message waits. A file that is too big does not lose
// the message; one that cannot be read makes Receive fail, so that the service tries again.
func (b *Bridge) spool(ctx context.Context, m *Media) (*spooled, error) {
	f := &spooled{ID: randomID(), Name: fileName(m.Name), Type: m.Type, Usage: m.Usage}
	sum := sha256.New()
	chunk := make([]byte, chunkSize)
	for n := 0; ; n++ {
		size, err := io.ReadFull(m.Body, chunk)
		if n == 0 && f.Type == "" {
			f.Type = detectType(f.Name, chunk[:size])
		}
		if f.Size += int64(size); f.Size > b.cfg.MaxIncomingBytes {
			return f.dropped(fmt.Sprintf("it is larger than %d MiB", b.cfg.MaxIncomingBytes>>20)), nil
		}
		if size > 0 {
			sum.Write(chunk[:size])
			if err := b.store.WriteMedia(ctx, f.ID, n, bytes.Clone(chunk[:size])); err != nil {
				return nil, err
			}
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			f.Sum = sum.Sum(nil)
			def(&f.Usage, usageOf(f.Type))
			return f, nil
		case err != nil:
			return nil, err
		}
	}
}

func (f *spooled) dropped(problem string) *spooled {
	f.ID, f.Problem = "", problem // what was written so far refers to no message and is swept
	return f
}

// fileName drops what could be a path, whichever system wrote it.
func fileName(name string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	if name == "." || name == "/" {
		return "file"
	}
	return name
}

func detectType(name string, head []byte) string {
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return http.DetectContentType(head)
}

func usageOf(mimeType string) messages.FileUsage {
	kind, _, _ := strings.Cut(mimeType, "/")
	switch strings.ToLower(kind) {
	case "image":
		return messages.UsageImage
	case "audio":
		return messages.UsageAudio
	}
	return messages.UsageOther
}

func randomID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// marshal encodes the bridge's own payloads, which consist of strings, numbers and times only.
func marshal(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("bridge: %T does not marshal: %v", v, err))
	}
	return data
}
