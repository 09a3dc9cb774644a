package channels

import (
	"context"
	"net/http"
	"slices"
)

// ActorType says what kind of actor takes part in a conversation.
type ActorType string

// The types of actors, with the prefix of their ids.
const (
	ActorAgent      ActorType = "AGENT"      // A-
	ActorBot        ActorType = "BOT"        // none documented
	ActorEmail      ActorType = "EMAIL"      // E-
	ActorIntegrator ActorType = "INTEGRATOR" // I-
	ActorLLM        ActorType = "LLM"        // L-, HubSpot's Customer Agent
	ActorSystem     ActorType = "SYSTEM"     // S-
	ActorVisitor    ActorType = "VISITOR"    // V-
)

// Actor is someone or something that takes part in conversations. Which fields are set depends on its type.
type Actor struct {
	ID     string    `json:"id"`
	Type   ActorType `json:"type"`
	Name   string    `json:"name"`
	Email  string    `json:"email"`
	Avatar string    `json:"avatar"` // URL of a picture
}

// maxActors is how many actors are asked for in one call; HubSpot's batch calls take this many elsewhere.
const maxActors = 100

// Actors look up who an actor id of the client's portal stands for. They need the scope conversations.read.
type Actors struct{ c *Client }

// Actors returns the portal's actors.
func (c *Client) Actors() *Actors { return &Actors{c} }

// Get returns one actor, or an error that matches [ErrNotFound].
func (a *Actors) Get(ctx context.Context, id string, opts ...CallOption) (*Actor, error) {
	return get[Actor](ctx, a.c.rest, a.c.ConversationsPath("actors", id), opts...)
}

// GetAll returns actors by id, with one call for each 100 of them. Those that HubSpot does not know are missing from the
// map.
func (a *Actors) GetAll(ctx context.Context, ids []string, opts ...CallOption) (map[string]*Actor, error) {
	opts = append(opts[:len(opts):len(opts)], Idempotent()) // a POST, but it only reads
	found := make(map[string]*Actor, len(ids))
	for chunk := range slices.Chunk(ids, maxActors) {
		in := struct {
			Inputs []string `json:"inputs"`
		}{chunk}
		var out struct {
			Results []*Actor `json:"results"`
		}
		if err := a.c.Call(ctx, http.MethodPost, a.c.ConversationsPath("actors", "batch", "read"), in, &out, opts...); err != nil {
			return nil, err
		}
		for _, actor := range out.Results {
			if actor != nil {
				found[actor.ID] = actor
			}
		}
	}
	return found, nil
}
