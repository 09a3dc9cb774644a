package main

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/messages"
)

// website is the address of the one account that this web chat has.
var website = channels.Opaque("website")

// webChannel joins the web chat to the bridge, over the chat's HTTP API.
type webChannel struct {
	bridge *bridge.Bridge
	url    string // of the web chat
	secret string // shared with the web chat, both ways
	log    *slog.Logger
}

// Send implements [bridge.Channel].
func (c *webChannel) Send(ctx context.Context, m *bridge.Outgoing) (*bridge.Receipt, error) {
	body, contentType := c.encode(ctx, m)
	defer body.Close()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/bot/messages", body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Authorization", "Bearer "+c.secret)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var answer struct{ ID, Error string }
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&answer); err != nil {
		return nil, fmt.Errorf("web chat answered %s: %w", resp.Status, err)
	}
	switch resp.StatusCode {
	case http.StatusOK:
		return &bridge.Receipt{ID: answer.ID}, nil
	case http.StatusForbidden:
		return nil, bridge.Reject("The customer has blocked this chat.", nil)
	case http.StatusNotFound:
		return nil, bridge.Reject("The customer is not known to the web chat any more.", nil)
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		return nil, bridge.Reject("The web chat does not take this message: "+answer.Error+".", nil)
	}
	return nil, fmt.Errorf("web chat answered %s: %s", resp.Status, answer.Error)
}

// encode streams the message, so that no file is ever whole in memory. The body must be closed, sent or not.
func (c *webChannel) encode(ctx context.Context, m *bridge.Outgoing) (body io.ReadCloser, contentType string) {
	fields := map[string]string{"id": m.ID, "to": m.To.Value, "from": m.From.Name, "text": m.Text}
	r, w := io.Pipe()
	form := multipart.NewWriter(w)
	go func() { // ends with the message or with the reader
		w.CloseWithError(writeForm(ctx, form, fields, m.Media))
	}()
	return r, form.FormDataContentType()
}

func writeForm(ctx context.Context, form *multipart.Writer, fields map[string]string, media []*bridge.OutgoingMedia) error {
	part, err := form.CreateFormField("message")
	if err != nil {
		return err
	}
	if err := json.NewEncoder(part).Encode(fields); err != nil {
		return err
	}
	for _, f := range media {
		if err := writeFile(ctx, form, f); err != nil {
			return err
		}
	}
	return form.Close()
}

func writeFile(ctx context.Context, form *multipart.Writer, f *bridge.OutgoingMedia) error {
	content, err := f.Open(ctx)
	if err != nil {
		return err
	}
	defer content.Close()
	header := textproto.MIMEHeader{}
	header.Set("Content-Disposition", multipart.FileContentDisposition("file", f.Name))
	header.Set("Content-Type", f.Type)
	part, err := form.CreatePart(header)
	if err != nil {
		return err
	}
	_, err = io.Copy(part, content)
	return err
}

// ConnectForm implements [bridge.Connector].
func (c *webChannel) ConnectForm(context.Context, *bridge.ConnectRequest) (*bridge.ConnectForm, error) {
	return &bridge.ConnectForm{
		Title: "Connect your website's chat",
		Intro: "What visitors write there will appear in the inbox you chose.",
		Fields: []bridge.Field{{
			Name: "name", Label: "Name of the website", Value: "Acme website", Required: true,
			Help: "Your agents see it beside each conversation.",
		}},
	}, nil
}

// Connect implements [bridge.Connector].
func (c *webChannel) Connect(_ context.Context, r *bridge.ConnectRequest) (*bridge.Connection, error) {
	if r.Values["name"] == "" {
		return nil, bridge.RejectField("name", "Please enter the name of the website.", nil)
	}
	return &bridge.Connection{Name: r.Values["name"], DeliveryIdentifier: website}, nil
}

// chatEvent is what the web chat posts.
type chatEvent struct {
	Type       string
	ID         string
	Customer   struct{ ID, Name string }
	Text       string
	Files      []struct{ Name, ContentType, URL string }
	Time       time.Time
	MessageIDs []string
}

// serveEvent takes what happened in the web chat. Until it answers 2xx, the web chat sends the event again.
func (c *webChannel) serveEvent(w http.ResponseWriter, r *http.Request) {
	if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+c.secret)) != 1 {
		http.Error(w, "wrong secret", http.StatusUnauthorized)
		return
	}
	var e chatEvent
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&e); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	err := c.handle(r.Context(), &e)
	switch {
	case err == nil:
	case bridge.Permanent(err):
		c.log.Warn("message of the web chat dropped", "error", err) // it would never be taken
	default: // also an account that is not connected yet
		c.log.Debug("message of the web chat not taken yet", "error", err)
		http.Error(w, "not stored: try again", http.StatusServiceUnavailable)
	}
}

func (c *webChannel) handle(ctx context.Context, e *chatEvent) error {
	if e.Type == "read" {
		for _, id := range e.MessageIDs {
			if err := c.bridge.Report(ctx, website, id, messages.StatusRead, ""); err != nil {
				return err
			}
		}
		return nil
	}
	m := &bridge.Incoming{
		ID: e.ID, From: channels.Opaque(e.Customer.ID), FromName: e.Customer.Name, To: website, Text: e.Text, Time: e.Time,
	}
	for _, f := range e.Files {
		content := &remoteFile{ctx: ctx, channel: c, url: c.url + f.URL}
		defer content.Close()
		m.Media = append(m.Media, bridge.Media{Name: f.Name, Type: f.ContentType, Body: content})
	}
	return c.bridge.Receive(ctx, m)
}

// remoteFile fetches a customer's file from the web chat when it is read.
type remoteFile struct {
	ctx     context.Context
	channel *webChannel
	url     string
	body    io.ReadCloser
}

func (f *remoteFile) Read(p []byte) (int, error) {
	if f.body == nil {
		req, err := http.NewRequestWithContext(f.ctx, http.MethodGet, f.url, nil)
		if err != nil {
			return 0, err
		}
		req.Header.Set("Authorization", "Bearer "+f.channel.secret)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return 0, err
		}
		f.body = resp.Body
		if resp.StatusCode != http.StatusOK {
			return 0, fmt.Errorf("web chat answered %s for a file", resp.Status)
		}
	}
	return f.body.Read(p)
}

func (f *remoteFile) Close() error {
	if f.body == nil {
		return nil
	}
	return f.body.Close()
}
