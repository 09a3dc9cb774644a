package hubspottest

import (
	"maps"
	"slices"
	"strings"
)

// Routing is what an admin sets for an account's new conversations: their
// properties, and who receives them. Conversations that exist, and those that
// an agent starts, are left alone.
type Routing struct {
	// Properties are set on every new incoming conversation: "Set conversation
	// properties for this channel".
	Properties map[string]string `json:"properties,omitempty"`
	// AssignTo is who receives a new conversation: nobody when empty,
	// AssignToUsers, or AssignToOwner.
	AssignTo string `json:"assignTo"`
	// Users and Teams take turns under AssignToUsers: the actor ids of users,
	// and the names of teams. Only those with a seat who are not away count.
	// Under AssignToOwner they stand in for an owner who is away.
	Users []string `json:"users,omitempty"`
	Teams []string `json:"teams,omitempty"`
}

// Values of [Routing].AssignTo.
const (
	// AssignToUsers assigns to the users and teams in turn.
	AssignToUsers = "USERS"
	// AssignToOwner assigns to the owner of the contact, who has to be known
	// and tracked by cookie. With an owner who is away the users and teams
	// take over; without an owner nobody is assigned.
	AssignToOwner = "CONTACT_OWNER"
)

// SetRouting sets how an account's new conversations are routed. The app is
// told with CHANNEL_ACCOUNT_UPDATED, as of every change of an account.
func (s *Server) SetRouting(accountID string, r Routing) error {
	return s.editAccount(accountID, func(tx *tx, a *account) error {
		if err := tx.checkRouting(a.PortalID, &r); err != nil {
			return err
		}
		a.Routing = r.clone()
		return nil
	})
}

func (r Routing) clone() Routing {
	r.Properties = maps.Clone(r.Properties)
	r.Users, r.Teams = slices.Clone(r.Users), slices.Clone(r.Teams)
	return r
}

func (st *state) checkRouting(portalID int64, r *Routing) error {
	if r.AssignTo != "" && r.AssignTo != AssignToUsers && r.AssignTo != AssignToOwner {
		return invalid("assignTo must be empty, %s or %s, not %q", AssignToUsers, AssignToOwner, r.AssignTo)
	}
	for _, id := range r.Users {
		if st.user(portalID, id) == nil {
			return notFound("user", id)
		}
	}
	for _, team := range r.Teams {
		if !slices.Contains(st.teams(portalID), team) {
			return notFound("team", team)
		}
	}
	if r.AssignTo == AssignToUsers && len(r.Users)+len(r.Teams) == 0 {
		return invalid("Choose at least one user or team to assign conversations to")
	}
	return nil
}

// teams are the names of a portal's teams.
func (st *state) teams(portalID int64) []string {
	names := []string{}
	for _, u := range st.portals.get(portalKey(portalID)).Users {
		if u.Team != "" && !slices.Contains(names, u.Team) {
			names = append(names, u.Team)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	return names
}

// route carries the account's routing out for a new incoming conversation.
func (tx *tx) route(t *thread, a *account) {
	t.Properties = maps.Clone(a.Routing.Properties)
	owner := ""
	switch a.Routing.AssignTo {
	case AssignToUsers:
		owner = tx.nextInTurn(a)
	case AssignToOwner:
		owner = tx.contactOwner(t, a)
	}
	if owner != "" {
		tx.assign(t, owner, "S-hubspot")
	}
}

func (tx *tx) contactOwner(t *thread, a *account) string {
	c := tx.contactOf(t.PortalID, t.ContactID)
	if c == nil || !c.Tracked || c.OwnerID == "" {
		return ""
	}
	if owner := tx.user(t.PortalID, c.OwnerID); owner != nil && !owner.Away {
		return owner.ActorID
	}
	return tx.nextInTurn(a)
}

// nextInTurn is the next of the account's users who can take a conversation.
func (tx *tx) nextInTurn(a *account) string {
	var free []string
	for _, u := range tx.portals.get(portalKey(a.PortalID)).Users {
		chosen := slices.Contains(a.Routing.Users, u.ActorID) || u.Team != "" && slices.Contains(a.Routing.Teams, u.Team)
		if chosen && u.Seat != "" && !u.Away {
			free = append(free, u.ActorID)
		}
	}
	if free == nil {
		return ""
	}
	owner := free[a.Turn%len(free)]
	a.Turn++
	tx.accounts.put(tx, a.ID, a)
	return owner
}
