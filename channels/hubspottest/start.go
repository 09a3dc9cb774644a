package hubspottest

import (
	"slices"
	"strings"
)

// Start is a conversation that an agent begins.
type Start struct {
	// To is the customer's address, of a type that the channel declares in
	// deliveryIdentifierTypes.
	To Identifier
	// Name is what the customer is called. Defaults to what is known.
	Name string
	// Reply is the first message. Its Via and To are not read.
	Reply Reply
}

// StartConversation begins a conversation with a customer over an account. The
// channel has to declare allowConversationStart. Under the threading model
// DELIVERY_IDENTIFIER a conversation that is open with that customer goes on;
// otherwise there is a new one, for which [Readings].StartedThreadNamed says
// what channelIntegrationThreadIds holds.
func (s *Server) StartConversation(accountID string, start Start) (*Thread, *Message, error) {
	var out *outlet
	var err error = notFound("channel account", accountID)
	s.view(func(st *state) {
		if a := st.accounts.get(accountID); a != nil {
			out = st.accountOutlet(a)
			err = out.start(start.To)
		}
	})
	if err != nil {
		return nil, nil, err
	}
	m, err := s.compose(out, &start.Reply)
	if err != nil {
		return nil, nil, err
	}
	var thread Thread
	var first Message
	err = s.update(func(tx *tx) error {
		out = tx.accountOutlet(tx.accounts.get(accountID))
		if m.CreatedBy, err = tx.writer(out.portal, start.Reply.AgentID); err != nil {
			return err
		}
		if err := out.start(start.To); err != nil {
			return err
		}
		t := tx.startedThread(out, Participant{Name: strings.TrimSpace(start.Name), Identifier: start.To})
		out.customer = t.Customer
		if err := tx.sendAsAgent(t, out, m); err != nil {
			return err
		}
		thread, first = tx.state.showThread(t), tx.state.showMessage(m)
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return &thread, &first, nil
}

// start reports why no conversation can be started with an address.
func (o *outlet) start(to Identifier) error {
	if err := o.open(); err != nil {
		return err
	}
	if !capability[bool](o.channel, "allowConversationStart") {
		return conflict("Agents cannot start conversations here: the channel's capability allowConversationStart is off")
	}
	var p problems
	if to.check(&p, "to"); p != nil {
		return p.err()
	}
	types := capability[[]string](o.channel, "deliveryIdentifierTypes")
	if len(types) > 0 && !slices.Contains(types, to.Type) {
		return invalid("The channel takes addresses of type %s, not %s", strings.Join(types, ", "), to.Type)
	}
	return nil
}

// startedThread is the thread of a conversation that an agent starts.
func (tx *tx) startedThread(out *outlet, customer Participant) *thread {
	v := tx.visitorFor(out.portal, customer)
	customer.Name, customer.ActorID = v.Name, actorOfContact(v.ContactID)
	byIdentifier := tx.s.threadsByIdentifier(out.channel)
	if byIdentifier {
		keys := tx.threadKeys(out.channel, out.account, "", customer.Identifier)
		if t := tx.openThreads[keys[0]]; t != nil && !t.Archived && t.Status == statusOpen {
			return t
		}
	}
	var ids, keys []string
	if byIdentifier || tx.s.Readings().StartedThreadNamed {
		ids = []string{uuid()}
		keys = tx.threadKeys(out.channel, out.account, ids[0], customer.Identifier)
	}
	t := tx.newThread(out.channel, out.account, ids, keys, customer)
	t.ContactID, t.Started = v.ContactID, true
	return t
}

// idsOverThere are the integration thread ids that go with a message of an
// agent over an account, which may be another than the thread's own.
func (tx *tx) idsOverThere(t *thread, m *message) []string {
	if m.AccountID == t.AccountID || t.Elsewhere[m.AccountID] != nil {
		return orEmpty(t.integrationIDs(m.AccountID))
	}
	ch, a := tx.channels.get(m.ChannelID), tx.accounts.get(m.AccountID)
	if !tx.s.threadsByIdentifier(ch) && !tx.s.Readings().StartedThreadNamed {
		return []string{}
	}
	id := uuid()
	if t.Elsewhere == nil {
		t.Elsewhere = map[string][]string{}
	}
	t.Elsewhere[a.ID] = []string{id}
	t.Keys = append(t.Keys, tx.threadKeys(ch, a, id, m.Recipients[0].Identifier)...)
	tx.threads.put(tx, t.ID, t)
	tx.indexThread(t)
	return t.Elsewhere[a.ID]
}
