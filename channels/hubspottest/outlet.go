package hubspottest

import (
	"fmt"
	"slices"
	"strings"
)

// outlet is what an agent's message goes over, and to whom there. It has copies
// of the channel and the account, so that it can be used without the lock.
type outlet struct {
	portal               int64
	channel              *channel // nil: HubSpot's built-in e-mail
	account              *account
	channelID, accountID string
	address              Identifier // of the account; empty for one without
	customer             Participant
}

// emailChannel is the id of HubSpot's built-in e-mail in every portal.
const emailChannel = "1002"

func (o *outlet) email() bool { return o.channel == nil }

// open reports why the channel does not take messages of agents.
func (o *outlet) open() error {
	switch {
	case o.email():
		return nil
	case o.channel.Archived:
		return conflict("The channel of this conversation does not exist any more")
	case !capability[bool](o.channel, "allowOutgoingMessages"):
		return conflict("The channel does not take replies: its capability allowOutgoingMessages is off")
	case o.account.Archived || !o.account.Active || !o.account.Authorized:
		return conflict("The channel account of this conversation is switched off or deleted")
	}
	return nil
}

func (o *outlet) acceptsFiles(files []*file) error {
	if o.email() {
		return nil
	}
	return o.channel.acceptsFiles(files)
}

func (o *outlet) takesPictures() bool {
	return o.email() || capability[bool](o.channel, "allowInlineImages")
}

func (o *outlet) takesRichText() bool {
	return o.takesPictures() || len(capability[[]string](o.channel, "richText")) > 0
}

// outlet says what a reply in a thread goes over: the thread's own account, or
// what the agent chose. to is the customer's address there, if the agent gave
// one.
func (st *state) outlet(t *thread, via string, to *Identifier) (*outlet, error) {
	if to != nil {
		var p problems
		if to.check(&p, "to"); p != nil {
			return nil, p.err()
		}
	}
	if via == ViaEmail || via == st.emailAccount(t.PortalID).ID {
		return st.emailOutlet(t, to)
	}
	if via == "" {
		via = t.AccountID
	}
	a := st.accounts.get(via)
	if a == nil || a.PortalID != t.PortalID {
		return nil, notFound("channel account", via)
	}
	o := st.accountOutlet(a)
	if to == nil {
		to = st.addressFor(t, o)
	}
	if to == nil {
		return nil, conflict("The customer has no address that is known on %s: say which one", o.channel.Name)
	}
	o.customer = t.Customer
	o.customer.Identifier = *to
	return o, nil
}

func (st *state) accountOutlet(a *account) *outlet {
	ch, copied := *st.channels.get(a.ChannelID), *a
	o := &outlet{portal: a.PortalID, channel: &ch, account: &copied, channelID: a.ChannelID, accountID: a.ID}
	if a.Identifier != nil {
		o.address = *a.Identifier
	}
	return o
}

// addressFor is the customer's address on an account: the one she wrote from,
// on the same channel, or one of her contact's that the channel knows.
func (st *state) addressFor(t *thread, o *outlet) *Identifier {
	if o.channelID == t.ChannelID {
		return &t.Customer.Identifier
	}
	known := []Identifier{t.Customer.Identifier}
	if c := st.contactOf(t.PortalID, t.ContactID); c != nil {
		known = append(known, Identifier{typeEmail, c.Email}, Identifier{typePhone, c.Phone})
	}
	types := capability[[]string](o.channel, "deliveryIdentifierTypes")
	for _, id := range known {
		if id.Value != "" && id.Type != typeOpaque && slices.Contains(types, id.Type) {
			return &id
		}
	}
	return nil
}

func (st *state) emailOutlet(t *thread, to *Identifier) (*outlet, error) {
	if to == nil {
		c := st.showContact(t)
		to = &Identifier{Type: typeEmail, Value: c.Email}
	}
	if to.Type != typeEmail || to.Value == "" {
		return nil, conflict("The customer has no e-mail address that is known: say which one")
	}
	a := st.emailAccount(t.PortalID)
	o := &outlet{portal: t.PortalID, channelID: a.ChannelID, accountID: a.ID, address: *a.Identifier, customer: t.Customer}
	o.customer.Identifier = *to
	return o, nil
}

// emailAccount is the portal's account of HubSpot's built-in e-mail.
func (st *state) emailAccount(portalID int64) Account {
	p := st.portals.get(portalKey(portalID))
	return Account{
		ID: fmt.Sprint(4800000 + p.Seq), PortalID: p.ID, ChannelID: emailChannel, InboxID: p.Inboxes[0].ID, Name: p.Name + " e-mail",
		Active: true, Authorized: true, Identifier: &Identifier{Type: typeEmail, Value: "support@" + p.domain()},
	}
}

// domain is the portal's made-up domain.
func (p *portal) domain() string {
	return strings.ToLower(strings.ReplaceAll(p.Name, " ", "-")) + ".example.test"
}

// Outlet is a choice of the "Channel" above an agent's editor.
type Outlet struct {
	// Via is what [Reply].Via takes.
	Via         string `json:"via"`
	ChannelID   string `json:"channelId"`
	ChannelName string `json:"channelName"`
	AccountName string `json:"accountName"`
	// Address is where the customer is reached there; nil if it has to be
	// given.
	Address *Identifier `json:"address"`
	// Closed says why nothing can be sent over it now. Empty if it can.
	Closed string `json:"closed,omitempty"`
	// RichText, Pictures and Files say what the editor offers.
	RichText []string `json:"richText"`
	Pictures bool     `json:"pictures"`
	Files    bool     `json:"files"`
	// FileTypes are the MIME types that are taken; empty for the usual ones.
	FileTypes []string `json:"fileTypes"`
	// MaxFiles, MaxFileBytes and MaxTotalBytes are the limits of a message's
	// files; 0 is none for e-mail.
	MaxFiles      int   `json:"maxFiles"`
	MaxFileBytes  int64 `json:"maxFileBytes"`
	MaxTotalBytes int64 `json:"maxTotalBytes"`
}

// Outlets lists what an agent can choose to reply over in a thread, its own
// account first and e-mail last; none for a thread that does not exist.
func (s *Server) Outlets(threadID string) []Outlet {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.state.threads.get(threadID); t != nil {
		return s.state.outletsShown(t)
	}
	return nil
}

func (st *state) outletsShown(t *thread) []Outlet {
	list := []Outlet{}
	for _, a := range st.accounts.ordered() {
		if a.PortalID != t.PortalID || a.Archived && a.ID != t.AccountID {
			continue
		}
		shown := st.accountOutlet(a).show()
		shown.Address = st.addressFor(t, st.accountOutlet(a))
		if a.ID == t.AccountID {
			list = slices.Insert(list, 0, shown)
		} else {
			list = append(list, shown)
		}
	}
	mail := Outlet{
		Via: ViaEmail, ChannelID: emailChannel, ChannelName: "E-mail", AccountName: st.emailAccount(t.PortalID).Identifier.Value,
		RichText: richTextKinds, Pictures: true, Files: true, FileTypes: []string{},
	}
	if o, err := st.emailOutlet(t, nil); err == nil {
		mail.Address = &o.customer.Identifier
	}
	return append(list, mail)
}

func (o *outlet) show() Outlet {
	ch := o.channel
	shown := Outlet{
		Via: o.accountID, ChannelID: o.channelID, ChannelName: ch.Name, AccountName: o.account.Name,
		RichText:      orEmpty(capability[[]string](ch, "richText")),
		Pictures:      o.takesPictures(),
		Files:         slices.Contains(capability[[]string](ch, "outgoingAttachmentTypes"), "FILE"),
		FileTypes:     orEmpty(capability[[]string](ch, "allowedFileAttachmentMimeTypes")),
		MaxFiles:      capability[int](ch, "maxFileAttachmentCount"),
		MaxFileBytes:  capability[int64](ch, "maxFileAttachmentSizeBytes"),
		MaxTotalBytes: capability[int64](ch, "maxTotalFileAttachmentSizeBytes"),
	}
	if err := o.open(); err != nil {
		shown.Closed = err.Error()
	}
	return shown
}
