package hubspottest

import (
	"cmp"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// wireInbox is an inbox as the Conversations API shows it.
type wireInbox struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Type      string `json:"type"`
	CreatedAt string `json:"createdAt"`
	UpdatedAt string `json:"updatedAt"`
	Archived  bool   `json:"archived"`
}

func (in *inbox) wire() wireInbox {
	return wireInbox{ID: in.ID, Name: in.Name, Type: in.Type, CreatedAt: stamp(in.CreatedAt), UpdatedAt: stamp(in.CreatedAt)}
}

func (c *call) listInboxes() (*reply, error) {
	list := []wireInbox{}
	c.view(func(st *state) {
		for _, in := range st.portals.get(portalKey(c.portal)).Inboxes {
			list = append(list, in.wire())
		}
	})
	return pageOf(c, list)
}

func (c *call) getInbox() (*reply, error) {
	id, err := c.number("inboxId", 64)
	if err != nil {
		return nil, err
	}
	var in *inbox
	c.view(func(st *state) { in = st.inboxOf(c.portal, id) })
	if in == nil {
		return nil, notFound("inbox", id)
	}
	return jsonReply(http.StatusOK, in.wire())
}

// wireActor is an actor as the Conversations API shows it.
type wireActor struct {
	ID     string `json:"id"`
	Type   string `json:"type"`
	Name   string `json:"name,omitempty"`
	Email  string `json:"email,omitempty"`
	Avatar string `json:"avatar,omitempty"`
}

// actor looks up an agent, a visitor, the app, or HubSpot itself.
func (c *call) actor(st *state, id string) *wireActor {
	switch {
	case id == "S-hubspot":
		return &wireActor{ID: id, Type: "SYSTEM"}
	case id == fmt.Sprintf("I-%d", c.AppID()):
		return &wireActor{ID: id, Type: "INTEGRATOR", Name: c.cfg.AppName}
	case strings.HasPrefix(id, "A-"):
		if a := st.agent(c.portal, id); a != nil {
			return &wireActor{ID: id, Type: "AGENT", Name: a.Name, Email: a.Email, Avatar: a.Avatar}
		}
	case strings.HasPrefix(id, "V-"):
		return st.visitorActor(c.portal, id)
	}
	return nil
}

// visitorActor is a customer: a contact, or a visitor who is none.
func (st *state) visitorActor(portal int64, actorID string) *wireActor {
	number, err := strconv.ParseInt(strings.TrimPrefix(actorID, "V-"), 10, 64)
	if err != nil {
		return nil
	}
	a := &wireActor{ID: actorID, Type: "VISITOR"}
	v, c := st.visitor(portal, number), st.contactOf(portal, number)
	if v == nil && c == nil {
		return nil
	}
	if c != nil {
		a.Name, a.Email = c.Name, c.Email
	}
	if v != nil {
		a.Name = cmp.Or(v.Name, a.Name)
	}
	return a
}

func (c *call) getActor() (*reply, error) {
	id := c.r.PathValue("actorId")
	var a *wireActor
	c.view(func(st *state) { a = c.actor(st, id) })
	if a == nil {
		return nil, notFound("actor", id)
	}
	return jsonReply(http.StatusOK, a)
}

func (c *call) batchActors() (*reply, error) {
	var body struct {
		Inputs []string `json:"inputs"`
	}
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	if len(body.Inputs) == 0 {
		return nil, invalid("inputs must not be empty")
	}
	found, missing := []*wireActor{}, []string{}
	c.view(func(st *state) {
		for _, id := range body.Inputs {
			if a := c.actor(st, id); a != nil {
				found = append(found, a)
			} else {
				missing = append(missing, id)
			}
		}
	})
	answer := map[string]any{
		"status": "COMPLETE", "results": found, "startedAt": stamp(c.began), "completedAt": stamp(c.now()),
	}
	if len(missing) == 0 {
		return jsonReply(http.StatusOK, answer)
	}
	answer["numErrors"] = 1
	answer["errors"] = []any{map[string]any{
		"status": "error", "category": "OBJECT_NOT_FOUND", "message": "Could not get some actors",
		"context": map[string][]string{"ids": missing}, "errors": []any{}, "links": map[string]string{},
	}}
	return jsonReply(http.StatusMultiStatus, answer)
}
