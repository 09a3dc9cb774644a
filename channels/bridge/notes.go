package bridge

import (
	"context"
	"errors"
	"strings"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/messages"
)

// A note is what the bridge has to remember of a message or a conversation for as long as the links of its messages. It is
// kept as a link too, so that it is stored, and forgotten, together with them. The zero byte in front of its name and the
// kind in front of its value keep it apart from the services' and HubSpot's own ids.
func note(channel channels.ID, account channels.AccountID, portal int64, kind, name, value string) Link {
	return Link{Channel: channel, Account: account, Portal: portal, ServiceID: noteName(kind, name), HubSpotID: noteValue(kind, value)}
}

func noteName(kind, name string) string { return "\x00" + kind + "/" + name }

func noteValue(kind, value string) messages.ID { return messages.ID(kind + "/" + value) }

// readNote returns the value of a note, empty if there is none.
func (b *Bridge) readNote(ctx context.Context, channel channels.ID, account channels.AccountID, kind, name string) (string, error) {
	l, err := b.store.LinkByService(ctx, channel, account, noteName(kind, name))
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	value, _ := strings.CutPrefix(string(l.HubSpotID), kind+"/")
	return value, nil
}
