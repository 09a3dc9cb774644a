package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/messages"
)

// conversation is one that the probe makes.
type conversation struct {
	p       *probe
	name    string
	threads []messages.ThreadID // of HubSpot, not archived, by which it is cleaned up
}

// converse begins a conversation of a customer who does not exist. The address is opaque, so that no contact comes of it.
func (p *probe) converse(suffix string) *conversation {
	c := &conversation{p: p, name: p.name + suffix}
	p.undo = append(p.undo, cleaner{"conversation " + c.name, c.archiveAll})
	return c
}

// publish publishes a message, after a change to its JSON.
func (c *conversation) publish(ctx context.Context, idempotency string, change func(body map[string]any)) (*messages.Message, error) {
	address := channels.Opaque(strings.ReplaceAll(c.name, " ", "-"))
	data, err := json.Marshal(&messages.Draft{
		AccountID: c.p.account, Thread: c.name, IdempotencyID: c.name + " " + idempotency, Text: "Test of channelctl: " + idempotency,
		Senders:    []messages.Participant{{Name: c.name, DeliveryIdentifier: address}},
		Recipients: []messages.Participant{{DeliveryIdentifier: c.p.recipient}}, Timestamp: time.Now(),
	})
	if err != nil {
		return nil, err
	}
	var body map[string]any
	if err := json.Unmarshal(data, &body); err != nil {
		return nil, err
	}
	if change != nil {
		change(body)
	}
	m := &messages.Message{}
	if err := c.p.client.Call(ctx, http.MethodPost, c.p.client.ChannelPath(c.p.channelID, "messages"), body, m); err != nil {
		return nil, err
	}
	if m.ThreadID != "" && !slices.Contains(c.threads, m.ThreadID) {
		c.threads = append(c.threads, m.ThreadID)
	}
	return m, nil
}

func (c *conversation) path(id messages.ThreadID) string {
	return c.p.client.ConversationsPath("threads", string(id))
}

func (c *conversation) archive(ctx context.Context, id messages.ThreadID) error {
	err := c.p.client.Call(ctx, http.MethodDelete, c.path(id), nil, nil)
	if err == nil || errors.Is(err, channels.ErrNotFound) {
		c.threads = slices.DeleteFunc(c.threads, func(t messages.ThreadID) bool { return t == id })
		return nil
	}
	return err
}

func (c *conversation) archiveAll(ctx context.Context) (err error) {
	for _, id := range slices.Clone(c.threads) {
		err = errors.Join(err, c.archive(ctx, id))
	}
	return err
}

// tryMessages publishes messages of a made-up customer.
func (p *probe) tryMessages(ctx context.Context) {
	c := p.converse("")
	plain, err := c.publish(ctx, "plain", nil)
	if err != nil {
		p.note("DuplicateReturnsFirst", nil, "no message to try it on: %s", said(err))
		return
	}
	p.tryDuplicate(ctx, c, plain)
	_, err = c.publish(ctx, "empty", func(b map[string]any) { b["text"] = "" })
	p.noteCall("EmptyText", "an empty text", err, true)
	_, err = c.publish(ctx, "long", func(b map[string]any) { b["text"] = strings.Repeat("long ", 2001) })
	p.noteCall("LongTextRefused", "10,005 characters", err, false)
	_, err = c.publish(ctx, "bare", func(b map[string]any) {
		delete(b, "recipients")
		delete(b, "attachments")
		delete(b, "timestamp")
	})
	p.noteCall("OptionalFields", "without recipients, attachments, timestamp", err, true)
	_, err = p.converse(" contact").publish(ctx, "contact", func(b map[string]any) { b["associateWithContactId"] = int64(1<<53 - 1) })
	p.noteCall("UnknownContactRefused", "the contact 9007199254740991", err, false)
	_, err = messages.NewClient(p.client).SetStatus(ctx, p.channelID, plain.ID, messages.StatusRead, "")
	p.noteCall("", "a status of a customer's message", err, true)
	p.tryThreads(ctx, c, plain.ThreadID)
}

func (p *probe) tryDuplicate(ctx context.Context, c *conversation, first *messages.Message) {
	const knob = "DuplicateReturnsFirst"
	again, err := c.publish(ctx, "plain", nil)
	switch {
	case errors.Is(err, channels.ErrConflict):
		p.note(knob, new(false), "refused: %s", said(err))
	case err != nil:
		p.note(knob, nil, "%s", said(err))
	case again.ID == first.ID:
		p.note(knob, new(true), "accepted, with the first message as the answer")
	default:
		p.note(knob, nil, "accepted as another message: the id is not looked at")
	}
}

// tryThreads writes to a conversation that is closed, and then to one that is archived.
func (p *probe) tryThreads(ctx context.Context, c *conversation, thread messages.ThreadID) {
	const closed, archived = "ClosedThreadStartsNew", "ArchivedThreadOpens"
	if !p.canArchive() {
		for _, knob := range []string{closed, archived} {
			p.note(knob, nil, "not tried without the scope conversations.write")
		}
		return
	}
	after := func(knob, id string, same bool, what string, err error) messages.ThreadID {
		var m *messages.Message
		if err == nil {
			m, err = c.publish(ctx, id, nil)
		}
		if err != nil {
			p.note(knob, nil, "a message to %s: %s", what, said(err))
			return thread
		}
		where := "a new one"
		if m.ThreadID == thread {
			where = "it"
		}
		p.note(knob, new((m.ThreadID == thread) == same), "a message to %s goes to %s", what, where)
		return m.ThreadID
	}
	err := p.client.Call(ctx, http.MethodPatch, c.path(thread), map[string]string{"status": "CLOSED"}, nil, channels.Idempotent())
	thread = after(closed, "closed", false, "a closed conversation", err)
	after(archived, "archived", true, "an archived conversation", c.archive(ctx, thread))
}

// tryReport reports on an agent's message. Only a person can write one without its going to a customer.
func (p *probe) tryReport(ctx context.Context) {
	const hidden, forward = "AgentMessagesHidden", "StatusForward"
	if p.message == "" {
		for _, knob := range []string{hidden, forward} {
			p.note(knob, nil, "not tried: answer as an agent on the account, and name the message with -message")
		}
		return
	}
	api := messages.NewClient(p.client)
	_, readErr := api.SetStatus(ctx, p.channelID, p.message, messages.StatusRead, "")
	switch _, err := api.Get(ctx, p.channelID, p.message); {
	case err == nil:
		p.note(hidden, new(false), "an agent's message can be read")
	case errors.Is(err, channels.ErrNotFound) && readErr == nil:
		p.note(hidden, new(true), "an agent's message whose status can be set cannot be read: %s", said(err))
	default:
		p.note(hidden, nil, "%s", said(err))
	}
	if readErr != nil {
		p.note(forward, nil, "READ at first: %s", said(readErr))
		return
	}
	_, err := api.SetStatus(ctx, p.channelID, p.message, messages.StatusSent, "")
	p.noteCall(forward, fmt.Sprintf("%s after %s", messages.StatusSent, messages.StatusRead), err, false)
}
