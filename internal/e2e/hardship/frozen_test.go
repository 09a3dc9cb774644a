package hardship

import (
	"net/http/httptest"
	"testing"

	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
	"github.com/customchannels/customchannels-go/internal/e2e/pgtest"
)

// A node that is frozen in the middle of a transaction, with the locks that it has, does not hold up the others, and when
// it goes on it does nothing a second time.
func TestPostgresFrozenInTransaction(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	w := newWorld(t, pgtest.Open(t, url), sqlstore.PostgreSQL)
	w.begin("ana", "ben")
	w.reply("ana", "before")
	w.delivered()
	must(t, w.stop())

	remote := httptest.NewServer(w.service)
	defer remote.Close()
	w.setup.Database, w.setup.ServiceURL = url, remote.URL
	node := startNode(t, &w.setup, w.log)
	w.insist("ana", "for the node that freezes")
	node.freeze()

	w.run()
	w.insist("ana", "while it is frozen") // behind the message that the other has locked
	w.insist("ben", "while it is frozen too")
	w.reply("ana", "while it is frozen")
	w.reply("ben", "while it is frozen too")
	w.delivered()

	node.thaw()
	must(t, w.stop())
	w.insist("ana", "when it goes on")
	w.reply("ben", "when it goes on")
	w.delivered()
	node.stop()
}
