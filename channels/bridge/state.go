package bridge

import (
	"context"
	"strconv"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/messages"
)

// messageState is how far HubSpot has been told about a message, as far as the messaging service's reports depend on it:
// empty at first; the number of parts that were not read yet, for a message of several; or one of the final states.
type messageState string

const (
	stateRead   messageState = "read"
	stateFailed messageState = "failed"
)

// after returns the state that a report leads to, and whether HubSpot is told: states only advance, and a message of
// several parts is read when the last of them is, but has failed as soon as one has.
func (s messageState) after(reported messages.StatusType) (next messageState, tell bool) {
	if s == stateRead || s == stateFailed {
		return s, false
	}
	if reported == messages.StatusFailed {
		return stateFailed, true
	}
	if unread, err := strconv.Atoi(string(s)); err == nil && unread > 1 {
		return messageState(strconv.Itoa(unread - 1)), false
	}
	return stateRead, true
}

const noteState = "state"

// state returns the state of a message.
func (b *Bridge) state(ctx context.Context, channel channels.ID, account channels.AccountID, id messages.ID) (messageState, error) {
	s, err := b.readNote(ctx, channel, account, noteState, string(id))
	return messageState(s), err
}

// stateNote remembers the state of a message.
func stateNote(channel channels.ID, account channels.AccountID, portal int64, id messages.ID, s messageState) Link {
	return note(channel, account, portal, noteState, string(id), string(s))
}
