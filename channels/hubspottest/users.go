package hubspottest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Agent is a user of a portal who answers customers.
type Agent struct {
	// ActorID is HubSpot's actor id, "A-" and the user's number.
	ActorID string `json:"actorId"`
	Name    string `json:"name"`
	Email   string `json:"email"`
	// Avatar is the address of a picture.
	Avatar string `json:"avatar"`
}

// User is a user of a portal with what she may do.
type User struct {
	Agent
	// SuperAdmin may install apps and connect channels.
	SuperAdmin bool `json:"superAdmin"`
	// Seat is SALES or SERVICE, or empty for none. Only a user with a seat
	// sees the routing settings, and receives conversations by them.
	Seat string `json:"seat"`
	// Team is the name of the team that she is in. Defaults to none.
	Team string `json:"team,omitempty"`
	// Away takes her out of automatic assignment.
	Away bool `json:"away"`
	// Muted switches the page's notifications of new messages off.
	Muted bool `json:"muted"`
}

// Seats of a [User].
const (
	SeatSales   = "SALES"
	SeatService = "SERVICE"
)

const agentActor = "A-2620022"

// newUsers are the users that a portal starts with: one of each role.
func newUsers(agent string) []User {
	avatar := func(color string) string { return strings.Replace(agentAvatar, "4b6bfb", color, 1) }
	return []User{
		{Agent: Agent{agentActor, agent, "agent@example.test", agentAvatar}, SuperAdmin: true, Seat: SeatService, Team: "Support"},
		{Agent: Agent{"A-2620023", "Noor Adams", "noor@example.test", avatar("0f8a6a")}, Seat: SeatSales, Team: "Sales"},
		{Agent: Agent{"A-2620024", "Jo Lind", "jo@example.test", avatar("b4552d")}},
	}
}

// agentAvatar is a picture that needs no network.
const agentAvatar = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 40 40'%3E" +
	"%3Crect width='40' height='40' rx='20' fill='%234b6bfb'/%3E" +
	"%3Ccircle cx='20' cy='16' r='7' fill='white'/%3E%3Cpath d='M6 38a14 12 0 0 1 28 0z' fill='white'/%3E%3C/svg%3E"

// Portal is a customer account of the simulated HubSpot.
type Portal struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	// Installed reports whether the app is installed there.
	Installed bool `json:"installed"`
}

// Portals returns the customer accounts, that of the Config first.
func (s *Server) Portals() []Portal {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.portalsShown()
}

func (s *Server) portalsShown() []Portal {
	var list []Portal
	for _, p := range s.state.portals.ordered() {
		list = append(list, s.state.showPortal(p))
	}
	slices.SortStableFunc(list, func(a, b Portal) int {
		first := func(p Portal) int {
			if p.ID == s.cfg.PortalID {
				return 0
			}
			return 1
		}
		return cmp.Compare(first(a), first(b))
	})
	return list
}

func (st *state) showPortal(p *portal) Portal {
	return Portal{ID: p.ID, Name: p.Name, Installed: st.installs.get(portalKey(p.ID)) != nil}
}

// Inbox is a place where a portal's agents work: the inbox, or the help desk.
type Inbox struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Type is INBOX or HELP_DESK.
	Type string `json:"type"`
}

// Inboxes returns the inbox and the help desk of a portal; none for one that
// does not exist.
func (s *Server) Inboxes(portalID int64) []Inbox {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.inboxesShown(portalID)
}

func (st *state) inboxesShown(portalID int64) []Inbox {
	list := []Inbox{}
	if p := st.portals.get(portalKey(portalID)); p != nil {
		for _, in := range p.Inboxes {
			list = append(list, Inbox{ID: in.ID, Name: in.Name, Type: in.Type})
		}
	}
	return list
}

// Users returns the users of a portal; none for one that does not exist. The
// first is the agent of the Config.
func (s *Server) Users(portalID int64) []User {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.state.portals.get(portalKey(portalID)); p != nil {
		return slices.Clone(p.Users)
	}
	return nil
}

// SetUser adds a user to a portal, or changes the one with the same ActorID,
// which has to be "A-" and a number. A portal keeps at least one super-admin.
func (s *Server) SetUser(portalID int64, u User) error {
	if number, ok := strings.CutPrefix(u.ActorID, "A-"); !ok || !isNumber(number) {
		return invalid("The actor id of a user is A- and a number, not %q", u.ActorID)
	}
	if u.Seat != "" && u.Seat != SeatSales && u.Seat != SeatService {
		return invalid("A seat is %s or %s, or empty", SeatSales, SeatService)
	}
	return s.update(func(tx *tx) error { return tx.putUser(portalID, u) })
}

func (tx *tx) putUser(portalID int64, u User) error {
	p := tx.portals.get(portalKey(portalID))
	if p == nil {
		return notFound("portal", portalKey(portalID))
	}
	u.Name = cmp.Or(strings.TrimSpace(u.Name), u.Email, u.ActorID)
	u.Avatar = cmp.Or(u.Avatar, agentAvatar)
	users := slices.Clone(p.Users)
	if i := slices.IndexFunc(users, func(known User) bool { return known.ActorID == u.ActorID }); i >= 0 {
		users[i] = u
	} else {
		users = append(users, u)
	}
	if !slices.ContainsFunc(users, func(u User) bool { return u.SuperAdmin }) {
		return invalid("A portal needs a super-admin")
	}
	p.Users = users
	tx.portals.put(tx, portalKey(p.ID), p)
	tx.showState()
	return nil
}

// SetNotifications switches a user's notifications of new messages on or off.
func (s *Server) SetNotifications(portalID int64, actorID string, on bool) error {
	return s.editUser(portalID, actorID, func(u *User) { u.Muted = !on })
}

// SetOnline says whether a user takes part in automatic assignment now.
func (s *Server) SetOnline(portalID int64, actorID string, online bool) error {
	return s.editUser(portalID, actorID, func(u *User) { u.Away = !online })
}

func (s *Server) editUser(portalID int64, actorID string, edit func(*User)) error {
	return s.update(func(tx *tx) error {
		u := tx.user(portalID, actorID)
		if u == nil {
			return notFound("user", actorID)
		}
		changed := *u
		edit(&changed)
		return tx.putUser(portalID, changed)
	})
}

// user returns the portal's user with an actor id, or nil.
func (st *state) user(portal int64, actorID string) *User {
	p := st.portals.get(portalKey(portal))
	if p == nil {
		return nil
	}
	for i := range p.Users {
		if p.Users[i].ActorID == actorID {
			return &p.Users[i]
		}
	}
	return nil
}

// email returns the address of the user with a number, if she has one.
func (st *state) email(portal, userID int64) string {
	u := st.user(portal, "A-"+strconv.FormatInt(userID, 10))
	if u == nil {
		return ""
	}
	return u.Email
}

// adopt makes sure that a stored portal has a super-admin.
func (p *portal) adopt() {
	if !slices.ContainsFunc(p.Users, func(u User) bool { return u.SuperAdmin }) {
		p.Users[0].SuperAdmin, p.Users[0].Seat = true, SeatService
	}
}

// userNumber is the number of a user's actor id.
func userNumber(actorID string) string { return strings.TrimPrefix(actorID, "A-") }

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
