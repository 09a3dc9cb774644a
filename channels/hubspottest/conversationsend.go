package hubspottest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// agentMessageBody is a message that an app sends in an agent's name, or a
// comment.
type agentMessageBody struct {
	Type        string            `json:"type"`
	Text        *string           `json:"text"`
	RichText    string            `json:"richText"`
	SenderID    string            `json:"senderActorId"`
	ChannelID   string            `json:"channelId"`
	AccountID   string            `json:"channelAccountId"`
	Attachments []json.RawMessage `json:"attachments"`
	Recipients  []struct {
		ActorID     string       `json:"actorId"`
		Identifiers []Identifier `json:"deliveryIdentifiers"`
	} `json:"recipients"`
}

func (b *agentMessageBody) check() ([]attachment, error) {
	var p problems
	if b.Type != typeMessage && b.Type != typeComment {
		p.add("type", "type must be MESSAGE or COMMENT")
	}
	if b.Text == nil {
		p.add("text", "text must not be null")
	}
	if b.Attachments == nil {
		p.add("attachments", "attachments must not be null")
	}
	if b.Type != typeComment {
		b.checkRecipients(&p)
	}
	var list []attachment
	for i, raw := range b.Attachments {
		list = append(list, readAttachment(&p, fmt.Sprintf("attachments[%d]", i), raw))
	}
	return list, p.err()
}

func (b *agentMessageBody) checkRecipients(p *problems) {
	if len(b.Recipients) == 0 {
		p.add("recipients", "recipients must name at least one recipient")
	}
	for i, r := range b.Recipients {
		if strings.HasPrefix(r.ActorID, "E-") {
			p.add("recipients", "recipients[%d].actorId must not be an e-mail actor", i)
		}
		if len(r.Identifiers) == 0 {
			p.add("recipients", "recipients[%d].deliveryIdentifiers must not be empty", i)
		}
		for j := range r.Identifiers {
			r.Identifiers[j].check(p, fmt.Sprintf("recipients[%d].deliveryIdentifiers[%d]", i, j))
		}
	}
}

// postThreadMessage sends a message as an agent of the portal, or adds a
// comment. There is no idempotency key.
func (c *call) postThreadMessage() (*reply, error) {
	var body agentMessageBody
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	attachments, err := body.check()
	if err != nil {
		return nil, err
	}
	var shown any
	err = c.update(func(tx *tx) error {
		t, err := c.pathThread(tx.state)
		if err != nil {
			return err
		}
		if body.Type == typeComment { // whoever is named as its sender, it is the app's
			m := tx.comment(t, c.appActor(), *body.Text, body.RichText, true)
			shown = tx.messages.get(m.ID).wireEntry(c.AppID())
			return nil
		}
		m, err := c.sendInThread(tx, t, &body, attachments)
		if err == nil {
			shown = m.wire(c.AppID())
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return jsonReply(http.StatusCreated, shown)
}

func (c *call) sendInThread(tx *tx, t *thread, body *agentMessageBody, attachments []attachment) (*message, error) {
	if tx.agent(c.portal, body.SenderID) == nil {
		return nil, invalid("senderActorId %q is not an agent of this account", body.SenderID)
	}
	out, err := tx.outlet(t, body.AccountID, &body.Recipients[0].Identifiers[0])
	if err != nil || out.channelID != body.ChannelID {
		return nil, invalid("channelId and channelAccountId must be those of a channel account of this account")
	}
	m := &message{Text: *body.Text, RichText: body.RichText, Attachments: attachments, CreatedBy: body.SenderID, ByApp: true}
	return m, tx.sendAsAgent(t, out, m)
}
