package hubspottest

import "slices"

// ThreadQuery says which conversations to look for. An empty field is no
// condition; the zero query matches all that are not archived.
type ThreadQuery struct {
	// Text is a part of the customer's name or address, of the account's name
	// or of any message, whatever its case.
	Text string
	// AccountID, ChannelID, InboxID and PortalID narrow the search down.
	// ChannelID and AccountID also match conversations that an agent took
	// there.
	AccountID string
	ChannelID string
	InboxID   string
	PortalID  int64
	// ContactID is the customer's contact or visitor.
	ContactID int64
	// OwnerID is the actor id of the agent whom they are assigned to, or
	// "none".
	OwnerID string
	// Status is OPEN or CLOSED.
	Status string
}

// Search returns the conversations that match, newest activity first.
func (s *Server) Search(q ThreadQuery) []Thread {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.threadsShown(q)
}

func (st *state) matches(t *thread, q *ThreadQuery) bool {
	is := func(want, got string) bool { return want == "" || want == got }
	owner := t.OwnerID
	if owner == "" {
		owner = "none"
	}
	switch {
	case t.Archived, q.PortalID != 0 && q.PortalID != t.PortalID, q.ContactID != 0 && q.ContactID != t.ContactID:
		return false
	case !is(q.InboxID, t.InboxID), !is(q.OwnerID, owner), !is(q.Status, t.Status):
		return false
	case !st.wentOver(t, q.ChannelID, q.AccountID):
		return false
	}
	return q.Text == "" || st.mentions(t, q.Text)
}

// wentOver reports whether the thread has to do with a channel and an account.
func (st *state) wentOver(t *thread, channelID, accountID string) bool {
	over := func(channel, account string) bool {
		return (channelID == "" || channelID == channel) && (accountID == "" || accountID == account)
	}
	return over(t.ChannelID, t.AccountID) ||
		slices.ContainsFunc(st.messagesOf(t.ID), func(m *message) bool { return m.kind() == typeMessage && over(m.ChannelID, m.AccountID) })
}

func (st *state) mentions(t *thread, text string) bool {
	account := ""
	if a := st.accounts.get(t.AccountID); a != nil {
		account = a.Name
	}
	return containsFold(text, t.Customer.Name, t.Customer.Identifier.Value, account) ||
		slices.ContainsFunc(st.messagesOf(t.ID), func(m *message) bool { return m.said() && containsFold(text, m.Text) })
}
