package hubspottest

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// channel is a custom channel that the app registered.
type channel struct {
	ID           string                     `json:"id"`
	Name         string                     `json:"name"`
	Description  string                     `json:"description"`
	LogoURL      string                     `json:"logoUrl"`
	WebhookURL   string                     `json:"webhookUrl"`
	ConnectURL   string                     `json:"connectUrl"`
	Capabilities map[string]json.RawMessage `json:"capabilities"`
	CreatedAt    time.Time                  `json:"createdAt"`
	Archived     bool                       `json:"archived,omitempty"`

	FormerURL    string    `json:"formerUrl,omitempty"` // the webhookUrl before the last change
	URLChangedAt time.Time `json:"urlChangedAt,omitzero"`

	Seq int64 `json:"seq"`
}

func (ch channel) order() int64 { return ch.Seq }

// wireChannel is a channel as HubSpot's API shows it.
type wireChannel struct {
	ID           string                     `json:"id"`
	Name         string                     `json:"name"`
	Capabilities map[string]json.RawMessage `json:"capabilities"`
	CreatedAt    string                     `json:"createdAt"`
	WebhookURL   string                     `json:"webhookUrl,omitempty"`
	ConnectURL   string                     `json:"channelAccountConnectionRedirectUrl,omitempty"`
	Description  string                     `json:"channelDescription,omitempty"`
	LogoURL      string                     `json:"channelLogoUrl,omitempty"`
}

func (ch *channel) wire() wireChannel {
	return wireChannel{
		ID: ch.ID, Name: ch.Name, Capabilities: ch.Capabilities, CreatedAt: stamp(ch.CreatedAt),
		WebhookURL: ch.WebhookURL, ConnectURL: ch.ConnectURL, Description: ch.Description, LogoURL: ch.LogoURL,
	}
}

// channelBody is the body of create and update. A field that is absent or null
// is left alone by an update.
type channelBody struct {
	Name         *string                    `json:"name"`
	Capabilities map[string]json.RawMessage `json:"capabilities"`
	WebhookURL   *string                    `json:"webhookUrl"`
	ConnectURL   *string                    `json:"channelAccountConnectionRedirectUrl"`
	Description  *string                    `json:"channelDescription"`
	LogoURL      *string                    `json:"channelLogoUrl"`
}

func (b *channelBody) check(creating bool) error {
	var p problems
	if creating && b.Name == nil || b.Name != nil && strings.TrimSpace(*b.Name) == "" {
		p.add("name", "name must not be blank")
	}
	if creating && b.Capabilities == nil {
		p.add("capabilities", "capabilities must not be null")
	}
	for field, value := range map[string]*string{
		"webhookUrl": b.WebhookURL, "channelAccountConnectionRedirectUrl": b.ConnectURL, "channelLogoUrl": b.LogoURL,
	} {
		if value == nil || *value == "" {
			continue
		}
		if u, err := url.Parse(*value); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			p.add(field, "%s must be an absolute URL", field)
		}
	}
	if err := p.err(); err != nil {
		return err
	}
	return checkCapabilities(b.Capabilities)
}

func (b *channelBody) apply(ch *channel, merge bool) {
	for _, f := range []struct {
		to   *string
		from *string
	}{{&ch.Name, b.Name}, {&ch.WebhookURL, b.WebhookURL}, {&ch.ConnectURL, b.ConnectURL}, {&ch.Description, b.Description}, {&ch.LogoURL, b.LogoURL}} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
	switch {
	case b.Capabilities == nil:
	case merge && ch.Capabilities != nil:
		merged := maps.Clone(ch.Capabilities)
		maps.Copy(merged, b.Capabilities)
		ch.Capabilities = merged
	default:
		ch.Capabilities = b.Capabilities
	}
}

// clear empties the optional fields that an update sets to null.
func (ch *channel) clear(body []byte) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil {
		return // it was read before
	}
	for field, value := range map[string]*string{
		"webhookUrl": &ch.WebhookURL, "channelAccountConnectionRedirectUrl": &ch.ConnectURL,
		"channelDescription": &ch.Description, "channelLogoUrl": &ch.LogoURL,
	} {
		if string(fields[field]) == "null" {
			*value = ""
		}
	}
}

// urlLatency is how long a former webhookUrl goes on, where it does.
const urlLatency = 5 * time.Minute

// webhookURL is where the channel's webhooks go now.
func (s *Server) webhookURL(ch *channel) string {
	if s.Readings().WebhookURLLate && ch.FormerURL != "" && s.now().Before(ch.URLChangedAt.Add(urlLatency)) {
		return ch.FormerURL
	}
	return ch.WebhookURL
}

// visible returns the channel if it can be seen yet, and is not archived.
func (s *Server) visible(st *state, id string, now time.Time) (*channel, error) {
	ch := st.channels.get(id)
	if ch == nil || ch.Archived || now.Before(ch.CreatedAt.Add(s.cfg.ChannelVisibleAfter)) {
		return nil, notFound("custom channel", id)
	}
	return ch, nil
}

// pathChannel returns the channel of the path.
func (c *call) pathChannel(st *state) (*channel, error) {
	id, err := c.number("channelId", 32)
	if err != nil {
		return nil, err
	}
	return c.visible(st, id, c.began)
}

func (c *call) listChannels() (*reply, error) {
	list := []wireChannel{}
	c.view(func(st *state) {
		for _, ch := range st.channels.ordered() {
			if _, err := c.visible(st, ch.ID, c.began); err == nil {
				list = append(list, ch.wire())
			}
		}
	})
	return pageOf(c, list)
}

func (c *call) createChannel() (*reply, error) {
	var body channelBody
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	if err := body.check(true); err != nil {
		return nil, err
	}
	var shown wireChannel
	err := c.update(func(tx *tx) error {
		seq := tx.next()
		ch := &channel{ID: strconv.FormatInt(918000+seq, 10), CreatedAt: tx.now, Seq: seq}
		body.apply(ch, false)
		tx.channels.put(tx, ch.ID, ch)
		tx.showState()
		shown = ch.wire()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return jsonReply(http.StatusCreated, shown)
}

func (c *call) getChannel() (*reply, error) {
	var shown wireChannel
	var err error
	c.view(func(st *state) {
		var ch *channel
		if ch, err = c.pathChannel(st); err == nil {
			shown = ch.wire()
		}
	})
	if err != nil {
		return nil, err
	}
	return jsonReply(http.StatusOK, shown)
}

func (c *call) updateChannel() (*reply, error) {
	var body channelBody
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	if err := body.check(false); err != nil {
		return nil, err
	}
	var shown wireChannel
	err := c.update(func(tx *tx) error {
		ch, err := c.pathChannel(tx.state)
		if err != nil {
			return err
		}
		former := ch.WebhookURL
		body.apply(ch, c.Readings().CapabilitiesMerge)
		if c.Readings().NullClears {
			ch.clear(c.body)
		}
		if ch.WebhookURL != former {
			ch.FormerURL, ch.URLChangedAt = former, tx.now
		}
		tx.channels.put(tx, ch.ID, ch)
		tx.showState()
		shown = ch.wire()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return jsonReply(http.StatusOK, shown)
}

func (c *call) archiveChannel() (*reply, error) {
	err := c.update(func(tx *tx) error {
		ch, err := c.pathChannel(tx.state)
		if err != nil {
			return err
		}
		ch.Archived = true
		if c.Readings().ChannelDeletePurges {
			for _, a := range tx.accounts.ordered() {
				if a.ChannelID == ch.ID && !a.Archived {
					tx.deleteAccount(a)
				}
			}
		}
		tx.channels.put(tx, ch.ID, ch)
		tx.showState()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return emptyReply()
}
