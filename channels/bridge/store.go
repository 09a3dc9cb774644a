package bridge

import (
	"context"
	"errors"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/messages"
)

var (
	// ErrLeaseLost is returned by a [Store] for a write by a node that no longer owns what it writes to.
	// The write changed nothing; whoever owns the work now does it again.
	ErrLeaseLost = errors.New("bridge: the work was taken over by another node")

	// ErrStoreInUse is returned by [Store.Join] of a store that serves one running bridge at a time.
	ErrStoreInUse = errors.New("bridge: another process is already running a bridge on this store; stop it first")

	// ErrNotFound is returned by the look-ups of a [Store] that found nothing.
	ErrNotFound = errors.New("bridge: not found")

	// ErrFull is returned by a [Store] that has a limit, for new work that would go beyond it. Nothing of it was stored.
	ErrFull = errors.New("bridge: the store is full")
)

// Kind says what has to be done with an [Item].
type Kind string

const (
	KindIncoming Kind = "incoming" // publish a customer's message to HubSpot
	KindOutgoing Kind = "outgoing" // send an agent's message to the messaging service
	KindStatus   Kind = "status"   // tell HubSpot what became of an outgoing message
	KindReport   Kind = "report"   // find the message that a receipt belongs to, then tell HubSpot
	KindAccount  Kind = "account"  // read an account anew from HubSpot
	KindUnread   Kind = "unread"   // a signed webhook that could not be understood; only ever buried
)

// CallsHubSpot reports whether work of this kind is held back while its portal is paused.
func (k Kind) CallsHubSpot() bool { return k != KindOutgoing && k != KindUnread }

// NewItem is work to be stored. The same Key is stored once in 30 days, however often it is accepted.
type NewItem struct {
	Key      string // what makes it the same work within the channel; a follow-up without is never recognised
	Kind     Kind
	Channel  channels.ID
	Portal   int64
	Lane     string    // work of one lane of the channel is done one after the other
	Order    int64     // within the lane lower comes first, equal ones in the order of acceptance
	Payload  []byte    // what to do, frozen
	Content  []byte    // a digest input: the same Key with other Content is a conflict; nil means Payload
	Media    []string  // ids of spooled media that this item refers to
	At       time.Time // when it was accepted; never zero
	Due      time.Time // not before; the zero value means At
	Deadline time.Time
	Buried   string // not empty: stored as buried with this reason
}

// Acceptance is what became of a [NewItem].
type Acceptance int

const (
	Accepted  Acceptance = iota // stored
	Duplicate                   // stored before, with the same content
	Conflict                    // stored before, with other content
)

// Item is claimed work. A claim counts as the start of an attempt, so that every repetition can be seen as one.
type Item struct {
	Seq      int64
	Kind     Kind
	Channel  channels.ID
	Portal   int64
	Lane     string
	Payload  []byte
	Progress []byte // what [Store.Checkpoint] saved last
	Attempt  int    // 1 at the first
	Claims   int64  // how often it was claimed, by which a [Store] tells a call about this claim from one about another
	Accepted time.Time
	Deadline time.Time
}

// Verdict says how an attempt ended.
type Verdict int

const (
	Done  Verdict = iota // remove the item
	Retry                // make it due again at Outcome.At
	Bury                 // set it aside for good, with Outcome.Reason
)

// Outcome is the end of an attempt. The store applies all of it in one transaction.
type Outcome struct {
	Verdict Verdict
	At      time.Time  // with Retry when the item is due again, else when the attempt ended; never zero
	Reason  string     // with Bury, for operators
	Free    bool       // with Retry: the attempt does not count, for it never began
	Follow  []*NewItem // accepted like any other; what is known already is left out
	Links   []Link     // one of the same Account and ServiceID takes the new HubSpotID, and begins its 30 days anew
	Person  *Person    // whom the message was from or to; the Links are theirs from now on, and forgotten with them

	// Progress replaces with Retry what Checkpoint saved last, unless it is nil.
	Progress []byte

	// Then is a follow-up that the node goes on with at once, if it may be claimed.
	Then *NewItem
}

// Link connects a message of the messaging service with the message it is in HubSpot.
type Link struct {
	Channel   channels.ID
	Account   channels.AccountID
	Portal    int64
	ServiceID string
	HubSpotID messages.ID
	Direction messages.Direction
}

// Person is what the bridge remembers of a conversation partner, who is known by the first four fields. Saving it changes
// only the others that are set, and LastIncoming never goes back.
type Person struct {
	Channel      channels.ID
	Portal       int64
	Account      channels.DeliveryIdentifier
	Identifier   channels.DeliveryIdentifier
	ThreadIDs    []string // the last channelIntegrationThreadIds that HubSpot reported, or that were sent
	LastIncoming time.Time
}

// Node is a running bridge as its [Store] knows it. A later node has a higher number.
type Node int64

// Wanted says how much a node would like to claim. Portals have turns, in the order of their ids: each gives one lane per
// round, as long as it has some that are due and the node may work for it.
type Wanted struct {
	Limit     int           // lanes in all
	After     int64         // the portal that had its turn last
	PerPortal int           // how many lanes of one portal the node may hold; 0 means any number
	Held      map[int64]int // how many it holds
}

// Claimed is the answer to [Store.Claim].
type Claimed struct {
	Items []*Item // in the order of the turns

	// Next is no later than when something is due that this node may claim, or a pause ends, and after now. It is zero if
	// nothing waits for a time. It is only set where Items is empty.
	Next time.Time
}

// Store keeps a bridge's queue, its mappings and its accounts, so that they change together or not at all.
// Implementations are in the packages memstore and sqlstore. Methods may be added until version 1.
//
// All methods are safe for concurrent use. A method that returns an error has changed nothing, except
// that a commit whose answer was lost may have happened: the bridge treats repetition as harmless. With a context that
// has ended they do nothing. Keys, lanes, payloads and all that comes from the messaging service may hold any bytes, times
// are kept to the microsecond, and nothing that is passed in or returned is shared with the caller. Package bridgetest
// checks all this.
type Store interface {
	// Join registers a running bridge for the channel and gives it work that earlier nodes left behind.
	Join(ctx context.Context, channel channels.ID) (Node, error)
	// Renew prolongs the node's life. It returns how long the node lives from the beginning of the call on, unless it is
	// renewed again; zero means as long as the process. A node whose time was over gets ErrLeaseLost: others have taken,
	// or may take, what it held.
	Renew(ctx context.Context, node Node) (time.Duration, error)
	// Leave hands everything back that the node still holds.
	Leave(ctx context.Context, node Node) error

	// Accept stores items durably, all or none, and answers for each in the order given.
	Accept(ctx context.Context, items ...*NewItem) ([]Acceptance, error)
	// Claim takes the heads of lanes that are due. A lane's head is its first item by Order and acceptance that is not
	// buried; no other item of the lane can be claimed until the head is finished. Of one portal those that have been due
	// longest come first. What it costs does not depend on how much is queued. A node that has left, or whose time was
	// over, gets ErrLeaseLost.
	//
	// Where nodes share the store, the work of a portal that calls HubSpot is claimed by one of them at a time, so that
	// one rate limiter sees all the portal's calls: the node keeps the portal until none of this work waits or is under way, which
	// the store may notice only at the node's next Renew.
	Claim(ctx context.Context, node Node, channel channels.ID, now time.Time, want Wanted) (*Claimed, error)
	// Checkpoint saves how far the work on a claimed item has come.
	Checkpoint(ctx context.Context, node Node, item *Item, progress []byte) error
	// Finish ends an attempt and frees the lane. Like Checkpoint, it fails with ErrLeaseLost unless the node holds the lane
	// for this attempt of the item. It returns o.Then as claimed by the node if it was accepted into a lane without other
	// work and Claim could have claimed it at the time Then.At; else nil, and it waits for its turn if it was accepted. Whether the
	// item's own lane counts, which has just become empty, is the store's choice.
	Finish(ctx context.Context, node Node, item *Item, o *Outcome) (then *Item, err error)

	// PausePortal holds back the lanes of the portal whose head calls HubSpot. A zero time means until ResumePortal. Of several
	// pauses the longest counts: a short limit does not end the wait for an app that is not installed. Of two that end together
	// the last reason counts.
	PausePortal(ctx context.Context, channel channels.ID, portal int64, until time.Time, reason string) error
	// ResumePortal ends a pause.
	ResumePortal(ctx context.Context, channel channels.ID, portal int64) error
	// Pauses lists the portals that are paused at the time now, by their ids.
	Pauses(ctx context.Context, channel channels.ID, now time.Time) ([]Pause, error)

	// Hold reports whether the node holds what a name stands for, which it takes if no other does. It is held until the
	// node releases it, leaves, or its time is over.
	Hold(ctx context.Context, node Node, name string) (bool, error)
	// Release gives back what the node holds under a name.
	Release(ctx context.Context, node Node, name string) error

	// Depths counts what waits or is under way and what is buried, in the order of portal and kind. It reads the whole queue.
	Depths(ctx context.Context, channel channels.ID) ([]Depth, error)
	// Buried lists what was set aside, at most limit items with a Seq above after, in the order of Seq.
	Buried(ctx context.Context, channel channels.ID, after int64, limit int) ([]*BuriedItem, error)
	// Retry puts a buried item at the end of its lane, as if it were accepted now with the same key and Accepted, without
	// attempts or progress; its Seq is a new one. It returns ErrNotFound if no such item is buried.
	Retry(ctx context.Context, channel channels.ID, seq int64, now, deadline time.Time) error
	// Drop removes a buried item and its files, or returns ErrNotFound if no such item is buried. Its key stays known.
	Drop(ctx context.Context, channel channels.ID, seq int64) error
	// Forget removes what is known of a person (the first four fields of p are read), the links of their messages, and
	// the items of their portal, waiting, claimed or buried, that match, with their files. It returns how many items it
	// removed, also where it could not remove all. Keys stay known: they are digests.
	Forget(ctx context.Context, p *Person, match func(*Item) bool) (int, error)

	// Account returns an account by its id, or ErrNotFound.
	Account(ctx context.Context, channel channels.ID, id channels.AccountID) (*Account, error)
	// FindAccounts returns the accounts with an address that are not archived, of any portal, in the order in which they were
	// first saved.
	FindAccounts(ctx context.Context, channel channels.ID, identifier channels.DeliveryIdentifier) ([]*Account, error)
	// Accounts returns the accounts of a portal that are not archived, or with portal 0 those of all portals, in the order in
	// which they were first saved.
	Accounts(ctx context.Context, channel channels.ID, portal int64) ([]*Account, error)
	// SaveAccount stores what HubSpot says of an account and returns what was stored before, nil if nothing was.
	// An account that is being connected (no ID yet) is found again by portal and identifier and takes the id; if HubSpot
	// has the account already, saving it without an ID changes its credentials only. Credentials are kept where a.Credentials
	// is nil; an account with a new ID takes those of the one that the portal had at the address. An archived account
	// does neither: it loses its credentials.
	SaveAccount(ctx context.Context, a *Account) (old *Account, err error)

	// LinkByService returns the link of a message by the service's id, or ErrNotFound.
	LinkByService(ctx context.Context, channel channels.ID, account channels.AccountID, serviceID string) (*Link, error)
	// LinkByHubSpot returns the link of a message by HubSpot's id, of several the first, or ErrNotFound.
	LinkByHubSpot(ctx context.Context, channel channels.ID, id messages.ID) (*Link, error)
	// Person returns what is known of a person, or ErrNotFound. Only the first four fields of p are read.
	Person(ctx context.Context, p *Person) (*Person, error)

	// WriteMedia stores chunk number n (from 0) of a spooled file. What no item refers to is removed after an hour.
	WriteMedia(ctx context.Context, id string, n int, chunk []byte) error
	// ReadMedia returns a chunk, or ErrNotFound beyond the last.
	ReadMedia(ctx context.Context, id string, n int) ([]byte, error)

	// Remember keeps a small value under a name.
	Remember(ctx context.Context, name, value string) error
	// Recall returns the value under a name, or ErrNotFound.
	Recall(ctx context.Context, name string) (string, error)

	// Sweep removes what has outlived its time: after 30 days the keys of work that is neither waiting nor buried, what was
	// buried, links, and people; after an hour media that no item refers to.
	Sweep(ctx context.Context, now time.Time) error
}

// BuriedItem is an item that was set aside, with the reason.
type BuriedItem struct {
	Item
	Reason   string
	BuriedAt time.Time
}

// Pause is a portal whose work that calls HubSpot is held back.
type Pause struct {
	Portal int64
	Until  time.Time // zero: until ResumePortal
	Reason string
}

// Depth is how much there is of one kind of work of a portal.
type Depth struct {
	Portal  int64
	Kind    Kind
	Waiting int
	Oldest  time.Time // when the first of what waits was accepted
	Buried  int
}
