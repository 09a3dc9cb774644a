package sqlstore

import (
	"context"
	"sync/atomic"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

// hands is what the nodes of this process know to have claimed. Where the answer to a commit was lost the tables may say more:
// that a node holds lanes of which it knows nothing, and which it would hold for as long as it lives.
type hands struct {
	lanes map[key]hold // used by whoever commits, one at a time
	doubt atomic.Bool  // an answer was lost
}

// hold is what a lane is held for, and by whom.
type hold struct {
	node bridge.Node
	seq  int64
}

// note follows a write that was committed.
func (h *hands) note(op *write) {
	switch {
	case op.claim != nil:
		for _, it := range op.claim.items {
			h.lanes[laneOf(it)] = hold{op.claim.node, it.Seq}
		}
	case op.finish != nil && !op.finish.lost && op.finish.outcome != nil:
		// Another call of the same commit may have gone on in the lane.
		if h.lanes[op.finish.lane].seq == op.finish.item.Seq {
			delete(h.lanes, op.finish.lane)
		}
		if next := op.finish.next; next != nil {
			h.lanes[laneOf(next)] = hold{op.finish.node, next.Seq}
		}
	}
}

func laneOf(it *bridge.Item) key { return digest(string(it.Channel), it.Lane) }

// drop forgets what a node has claimed that has left, or died.
func (h *hands) drop(node int64) {
	for lane, held := range h.lanes {
		if int64(held.node) == node {
			delete(h.lanes, lane)
		}
	}
}

// settleDoubt gives back the lanes that the nodes of this process hold without knowing it.
func (s *Store) settleDoubt(ctx context.Context) error {
	if !s.write.hands.doubt.Swap(false) {
		return nil
	}
	s.mu.Lock()
	var nodes []any
	for _, n := range s.joined {
		nodes = append(nodes, int64(n))
	}
	s.mu.Unlock()
	err := s.write.transaction(ctx, func(c *session) error {
		var unknown []key
		err := c.with(`SELECT lane, owner, claimed FROM @lanes WHERE owner IN (#) ORDER BY lane FOR UPDATE`, nil, nodes, func(scan func(...any) error) error {
			var lane []byte
			var node, seq int64
			err := scan(&lane, &node, &seq)
			if err == nil && s.write.hands.lanes[key(lane)] != (hold{bridge.Node(node), seq}) {
				unknown = append(unknown, key(lane))
			}
			return err
		})
		if err != nil {
			return err
		}
		return c.freeLanes(unknown)
	})
	if err != nil {
		s.write.hands.doubt.Store(true)
	}
	return err
}
