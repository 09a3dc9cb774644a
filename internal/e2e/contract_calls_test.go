package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"
	"strings"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/messages"
)

// call is a use of a client's method, which calls an operation, named as in the simulator's journal.
type call struct {
	operation string
	does      string
	do        func(ctx context.Context, w *world) error
}

// contractCalls is everything that the clients can ask of HubSpot, in an order in which it works, but for lastCalls.
func contractCalls() []call {
	return slices.Concat(registryCalls, accountCalls, fileCalls, helperCalls, publishCalls(), messageCalls, threadCalls)
}

var acme = channels.Registration{
	Name: "Acme Chat", Description: "Talk to Acme", LogoURL: "https://cdn.example.test/acme.png",
	WebhookURL: "https://app.example.test/webhook?key=1", ConnectURL: appURL + "/connect",
	Capabilities: channels.Capabilities{
		DeliveryIdentifierTypes: []channels.IdentifierType{channels.TypeEmail, channels.TypePhone, channels.TypeShortCode, channels.TypeOpaque},
		RichText: []channels.RichTextFeature{
			channels.Blockquote, channels.Bold, channels.FontSize, channels.FontStyle, channels.Hyperlink, channels.Italic,
			channels.Lists, channels.TextAlignment, channels.TextColor, channels.TextHighlightColor, channels.Underline,
		},
		ThreadingModel: channels.ByIntegrationThread, AllowOutgoingMessages: true, AllowConversationStart: true,
		AllowMultipleRecipients: true, AllowInlineImages: true,
		OutgoingAttachmentTypes: []channels.OutgoingAttachmentType{channels.OutgoingFile, channels.OutgoingQuickReplies},
		AllowedFileMIMETypes:    []string{"image/*", "text/plain"}, MaxFileCount: 5, MaxFileBytes: 1e6, MaxTotalFileBytes: 2e6,
		Extra: map[string]json.RawMessage{"somethingNew": json.RawMessage(`{"a":[1]}`)},
	},
}

var registryCalls = []call{
	{"channel.create", "the least", func(ctx context.Context, w *world) error {
		_, err := w.registry.Create(ctx, &channels.Registration{Name: "Acme Beta"})
		return err
	}},
	{"channel.create", "everything", func(ctx context.Context, w *world) (err error) {
		w.channel, err = w.registry.Create(ctx, &acme)
		return err
	}},
	{"channel.list", "all", func(ctx context.Context, w *world) error { return atLeast(2, w.registry.All(ctx, nil)) }},
	{"channel.list", "by pages, sorted", func(ctx context.Context, w *world) error {
		return atLeast(2, w.registry.All(ctx, &channels.ListOptions{Limit: 1, Sort: []string{"name", "-createdAt"}}))
	}},
	{"channel.get", "one", func(ctx context.Context, w *world) error {
		_, err := w.registry.Get(ctx, w.channel.ID)
		return err
	}},
	{"channel.update", "one field", func(ctx context.Context, w *world) error {
		_, err := w.registry.Update(ctx, w.channel.ID, &channels.RegistrationUpdate{Name: new("Acme")})
		return err
	}},
	{"channel.update", "everything", func(ctx context.Context, w *world) error {
		_, err := w.registry.Update(ctx, w.channel.ID, &channels.RegistrationUpdate{
			Name: &acme.Name, Description: &acme.Description, LogoURL: &acme.LogoURL, WebhookURL: &acme.WebhookURL,
			ConnectURL: &acme.ConnectURL, Capabilities: &acme.Capabilities,
		})
		return err
	}},
	{"channel.list", "to ensure it", func(ctx context.Context, w *world) error {
		ensured, err := w.registry.Ensure(ctx, &acme, nil)
		if err == nil && (ensured.Created || len(ensured.Changed) > 0) {
			err = fmt.Errorf("Ensure found %+v", ensured)
		}
		return err
	}},
}

var (
	shopAddress  = channels.Opaque("shop-eu")
	emailAddress = channels.Email("shop@example.test")
	phoneAddress = channels.Phone("+14155550123")
	codeAddress  = channels.ShortCode("12345")
)

var accountCalls = []call{
	{"account.connect", "in the popup", func(ctx context.Context, w *world) error { return w.connectNext(ctx, emailAddress) }},
	{"account.connect", "a number", func(ctx context.Context, w *world) error { return w.connectNext(ctx, channels.Phone("+14155550124")) }},
	{"account.connect", "a short code", func(ctx context.Context, w *world) error { return w.connectNext(ctx, channels.ShortCode("12346")) }},
	{"account.create", "everything", func(ctx context.Context, w *world) (err error) {
		w.account, err = w.createAccount(ctx, &channels.NewAccount{Name: "Acme EU shop", DeliveryIdentifier: shopAddress})
		return err
	}},
	{"account.create", "without an address, switched off", func(ctx context.Context, w *world) error {
		_, err := w.createAccount(ctx, &channels.NewAccount{Name: "Acme", Unauthorized: true})
		return err
	}},
	{"account.create", "of a number", func(ctx context.Context, w *world) error {
		_, err := w.createAccount(ctx, &channels.NewAccount{Name: "Acme", DeliveryIdentifier: phoneAddress})
		return err
	}},
	{"account.create", "of an email address", func(ctx context.Context, w *world) error {
		_, err := w.createAccount(ctx, &channels.NewAccount{Name: "Acme", DeliveryIdentifier: channels.Email("eu@example.test")})
		return err
	}},
	{"account.create", "of a short code", func(ctx context.Context, w *world) error {
		_, err := w.createAccount(ctx, &channels.NewAccount{Name: "Acme", DeliveryIdentifier: codeAddress})
		return err
	}},
	{"account.list", "all", func(ctx context.Context, w *world) error {
		return atLeast(5, w.portal.Accounts().All(ctx, w.channel.ID, nil))
	}},
	{"account.list", "by pages, sorted, of addresses", func(ctx context.Context, w *world) error {
		return atLeast(4, w.portal.Accounts().All(ctx, w.channel.ID, &channels.AccountListOptions{
			ListOptions:         channels.ListOptions{Limit: 1, Sort: []string{"name"}},
			DeliveryIdentifiers: []channels.DeliveryIdentifier{shopAddress, emailAddress, phoneAddress, codeAddress},
		}))
	}},
	{"account.get", "one", func(ctx context.Context, w *world) error {
		_, err := w.portal.Accounts().Get(ctx, w.channel.ID, w.account.ID)
		return err
	}},
	{"account.update", "the name", func(ctx context.Context, w *world) error {
		_, err := w.portal.Accounts().Update(ctx, w.channel.ID, w.account.ID, &channels.AccountUpdate{Name: new("Acme shop")})
		return err
	}},
	{"account.update", "the credential", func(ctx context.Context, w *world) error {
		_, err := w.portal.Accounts().Update(ctx, w.channel.ID, w.account.ID, &channels.AccountUpdate{Authorized: new(true)})
		return err
	}},
	{"account.list", "the archived", func(ctx context.Context, w *world) error {
		popup := w.hubspot.Accounts()[0]
		if err := w.hubspot.DeleteAccount(popup.ID); err != nil {
			return err
		}
		return atLeast(1, w.portal.Accounts().All(ctx, w.channel.ID, &channels.AccountListOptions{Archived: true}))
	}},
	{"account.get", "an archived one", func(ctx context.Context, w *world) error {
		for archived, err := range w.portal.Accounts().All(ctx, w.channel.ID, &channels.AccountListOptions{Archived: true}) {
			if err != nil {
				return err
			}
			_, err = w.portal.Accounts().GetArchived(ctx, w.channel.ID, archived.ID)
			return err
		}
		return errors.New("no account is archived")
	}},
}

// connectNext plays an admin who installs the app and connects an account.
func (w *world) connectNext(ctx context.Context, address channels.DeliveryIdentifier) error {
	w.staged = address
	_, err := w.hubspot.InstallAndConnect(ctx)
	return errors.Join(w.popupErr, err)
}

func (w *world) createAccount(ctx context.Context, a *channels.NewAccount) (*channels.Account, error) {
	for inbox, err := range w.portal.Inboxes().All(ctx, nil) {
		if err != nil {
			return nil, err
		}
		a.InboxID = inbox.ID
		break
	}
	return w.portal.Accounts().Create(ctx, w.channel.ID, a)
}

var fileCalls = []call{
	{"file.upload", "the least", func(ctx context.Context, w *world) (err error) {
		w.file, err = w.messages.Upload(ctx, &messages.Upload{Name: "notes", Body: strings.NewReader("content")})
		return err
	}},
	{"file.upload", "everything", func(ctx context.Context, w *world) error {
		open := func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("content")), nil }
		for _, access := range []messages.FileAccess{messages.AccessPrivate, messages.AccessPublicIndexable, messages.AccessPublicNotIndexable} {
			_, err := w.messages.Upload(ctx, &messages.Upload{
				Name: "cat.png", ContentType: "image/png", Size: 7, Open: open, Access: access, FolderPath: "/acme/pictures",
			})
			if err != nil {
				return err
			}
		}
		return nil
	}},
	{"file.get", "one", func(ctx context.Context, w *world) error {
		_, err := w.messages.FileInfo(ctx, w.file.ID)
		return err
	}},
	{"file.signed_url", "one, which opens it", func(ctx context.Context, w *world) error {
		signed, err := w.messages.SignedURL(ctx, w.file.ID)
		if err != nil {
			return err
		}
		return w.download(ctx, signed.URL)
	}},
	{"file.download", "from the API", func(ctx context.Context, w *world) error {
		return w.download(ctx, w.portal.FilesPath(string(w.file.ID), "download"))
	}},
}

func (w *world) download(ctx context.Context, url string) error {
	stream, err := w.messages.Download(ctx, url)
	if err != nil {
		return err
	}
	content, err := io.ReadAll(stream.Body)
	if string(content) != "content" {
		err = errors.Join(err, fmt.Errorf("downloaded %q", content))
	}
	return errors.Join(err, stream.Body.Close())
}

var helperCalls = []call{
	{"inbox.list", "by pages, sorted", func(ctx context.Context, w *world) error {
		return atLeast(2, w.portal.Inboxes().All(ctx, &channels.ListOptions{Limit: 1, Sort: []string{"name"}}))
	}},
	{"inbox.get", "one", func(ctx context.Context, w *world) error {
		_, err := w.portal.Inboxes().Get(ctx, w.account.InboxID)
		return err
	}},
	{"actor.get", "an agent", func(ctx context.Context, w *world) error {
		_, err := w.portal.Actors().Get(ctx, agentID)
		return err
	}},
	{"actor.batch", "known ones", func(ctx context.Context, w *world) error {
		return w.actors(ctx, agentID, "S-hubspot", fmt.Sprintf("I-%d", w.hubspot.AppID()))
	}},
	{"actor.batch", "an unknown one among them", func(ctx context.Context, w *world) error { return w.actors(ctx, agentID, "A-1") }},
}

// atLeast reads a list to its end.
func atLeast[T any](n int, list iter.Seq2[T, error]) error {
	got := 0
	for _, err := range list {
		if err != nil {
			return err
		}
		got++
	}
	if got < n {
		return fmt.Errorf("the list has %d entries, want at least %d", got, n)
	}
	return nil
}

func (w *world) actors(ctx context.Context, ids ...string) error {
	actors, err := w.portal.Actors().GetAll(ctx, ids)
	if err == nil && actors[agentID] == nil {
		err = fmt.Errorf("the actors are %v", actors)
	}
	return err
}

var messageCalls = []call{
	{"message.get", "one", func(ctx context.Context, w *world) error {
		_, err := w.messages.Get(ctx, w.channel.ID, w.got.ID)
		return err
	}},
	{"message.status", "sent", func(ctx context.Context, w *world) error { return w.report(ctx, messages.StatusSent, "") }},
	{"message.status", "read", func(ctx context.Context, w *world) error { return w.report(ctx, messages.StatusRead, "") }},
	{"message.status", "failed", func(ctx context.Context, w *world) error {
		return w.report(ctx, messages.StatusFailed, "The number has blocked you.")
	}},
	{"message.get", "a failed one with a file", func(ctx context.Context, w *world) error {
		reply, err := w.reply()
		if err != nil {
			return err
		}
		if _, err = w.messages.SetStatus(ctx, w.channel.ID, reply, messages.StatusFailed, ""); err != nil {
			return err
		}
		_, err = w.messages.Get(ctx, w.channel.ID, reply)
		return err
	}},
}

// reply has an agent answer.
func (w *world) reply() (messages.ID, error) {
	reply, err := w.hubspot.Reply(string(w.got.ThreadID), hubspottest.Reply{
		Text: "Hello", RichText: "<p>Hello</p>", Files: []hubspottest.Upload{{Name: "a.txt", Content: []byte("a")}},
	})
	if err != nil {
		return "", err
	}
	return messages.ID(reply.ID), nil
}

func (w *world) report(ctx context.Context, status messages.StatusType, reason string) error {
	reply, err := w.reply()
	if err != nil {
		return err
	}
	m, err := w.messages.SetStatus(ctx, w.channel.ID, reply, status, reason)
	if err == nil && (m.Status.Type != status || m.Status.Reason != reason) {
		err = fmt.Errorf("the status is %+v", m.Status)
	}
	return err
}

// threadCalls are what the simulator has beyond the clients' methods; an app reaches them through Client.Call.
var threadCalls = []call{
	{"thread.list", "open ones", func(ctx context.Context, w *world) error {
		return w.thread(ctx, http.MethodGet, "?threadStatus=OPEN&limit=1", nil)
	}},
	{"thread.get", "one", func(ctx context.Context, w *world) error { return w.thread(ctx, http.MethodGet, "/", nil) }},
	{"thread.messages", "by pages", func(ctx context.Context, w *world) error {
		return w.thread(ctx, http.MethodGet, "/messages?limit=3&sort=-createdAt", nil)
	}},
	{"thread.messages", "all", func(ctx context.Context, w *world) error {
		return w.thread(ctx, http.MethodGet, "/messages?limit=100", nil)
	}},
	{"thread.message", "one", func(ctx context.Context, w *world) error {
		return w.thread(ctx, http.MethodGet, "/messages/"+string(w.got.ID), nil)
	}},
	{"thread.send", "as an agent", func(ctx context.Context, w *world) error {
		return w.thread(ctx, http.MethodPost, "/messages", map[string]any{
			"type": "MESSAGE", "text": "Hi", "richText": "<p>Hi</p>", "senderActorId": agentID, "attachments": []any{},
			"channelId": w.channel.ID, "channelAccountId": w.account.ID,
			"recipients": []any{map[string]any{"deliveryIdentifiers": []any{ada.DeliveryIdentifier}}},
		})
	}},
	{"thread.update", "close", func(ctx context.Context, w *world) error {
		return w.thread(ctx, http.MethodPatch, "/", map[string]any{"status": "CLOSED"})
	}},
	{"thread.archive", "one", func(ctx context.Context, w *world) error { return w.thread(ctx, http.MethodDelete, "/", nil) }},
	{"thread.update", "restore", func(ctx context.Context, w *world) error {
		return w.thread(ctx, http.MethodPatch, "/?archived=true", map[string]any{"archived": false})
	}},
}

// thread calls what is below /threads, or below the thread of the customer's message if there is a slash.
func (w *world) thread(ctx context.Context, method, below string, in any) error {
	at := w.portal.ConversationsPath("threads")
	if rest, ok := strings.CutPrefix(below, "/"); ok {
		at = w.portal.ConversationsPath("threads", string(w.got.ThreadID))
		if rest != "" && rest[0] != '?' {
			rest = "/" + rest
		}
		below = rest
	}
	return w.portal.Call(ctx, method, at+below, in, nil)
}

// lastCalls end what the others need.
var lastCalls = []call{
	{"channel.archive", "one", func(ctx context.Context, w *world) error { return w.registry.Archive(ctx, w.channel.ID) }},
	{"oauth.introspect", "the access token", func(ctx context.Context, w *world) error {
		info, err := w.app.Portal(portalID).Introspect(ctx)
		if err == nil && (!info.Active || info.PortalID != portalID) {
			err = fmt.Errorf("the token is %+v", info)
		}
		return err
	}},
	{"oauth.token", "refresh", func(ctx context.Context, w *world) error {
		// An app that has just refreshed a token does not ask for another one, so each call is made by a new app.
		p := w.newApp(w.app.Version, w.app.ClientSecret, w.app.Tokens).Portal(portalID)
		token, err := p.Token(ctx)
		if err != nil {
			return err
		}
		_, err = p.Refresh(ctx, token)
		return err
	}},
	{"oauth.revoke", "the refresh token", func(ctx context.Context, w *world) error { return w.app.Portal(portalID).Revoke(ctx) }},
}
