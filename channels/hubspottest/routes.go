package hubspottest

import (
	"net/http"
	"slices"
)

// Scopes that operations ask for; one of a list is enough.
var (
	channelScopes      = []string{"conversations.custom_channels.read", "conversations.custom_channels.write"}
	channelReadScope   = channelScopes[:1]
	channelWriteScope  = channelScopes[1:]
	conversationsRead  = []string{"conversations.read"}
	conversationsWrite = []string{"conversations.write"}
	filesRead          = []string{"files", "files.read", "files.ui_hidden.read"}
	filesWrite         = []string{"files", "files.write", "files.ui_hidden.write"}
)

// routes puts every operation at its path.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for _, version := range []string{"2026-09", "2026-03", "v3"} {
		s.oauthRoutes(mux, "/oauth/"+version+"/token")
		s.operation(mux, "DELETE /appinstalls/"+version+"/external-install", "app.uninstall", asPortal, nil, (*call).uninstall)
	}
	s.oauthV1Routes(mux)
	for _, base := range []string{
		"/conversations/v3/custom-channels",
		"/conversations/custom-channels/2026-03",
		"/conversations/custom-channels/2026-09",
	} {
		s.channelRoutes(mux, base)
	}
	for _, base := range []string{
		"/conversations/v3/conversations",
		"/conversations/conversations/2026-03",
		"/conversations/conversations/2026-09",
	} {
		s.conversationRoutes(mux, base)
	}
	odd := "/conversations/conversations/v3/threads/{threadId}/assignee" // as the schema has it
	s.operation(mux, "PUT "+odd, "thread.assign", asPortal, conversationsWrite, (*call).assignThread)
	s.operation(mux, "DELETE "+odd, "thread.unassign", asPortal, conversationsWrite, (*call).unassignThread)
	s.fileRoutes(mux, "/files/v3/files")
	s.redirectRoutes(mux)
	s.libraryRoutes(mux)
	s.marketplaceRoutes(mux)
	s.userRoutes(mux)
	s.pageRoutes(mux)
	for _, api := range []string{"/conversations/", "/oauth/", "/files/", "/appinstalls/"} {
		s.operation(mux, api, "unknown", asAnyone, nil, (*call).unknown)
	}
	mux.Handle("/", servePage())
	s.operations = append(s.operations, channelWebhook, appWebhook)
	slices.Sort(s.operations)
	s.operations = slices.Compact(s.operations)
	return mux
}

// decision is what a user decides on a page of the simulator's: no other site
// in her browser may do it for her.
func (s *Server) decision(mux *http.ServeMux, pattern, name string, run func(*call) (*reply, error)) {
	mux.Handle(pattern, http.NewCrossOriginProtection().Handler(s.serve(operation{name: name, run: run})))
	s.operations = append(s.operations, name)
}

func (s *Server) operation(mux *http.ServeMux, pattern, name string, auth authKind, scopes []string, run func(*call) (*reply, error)) {
	op := operation{name: name, auth: auth, scopes: scopes, run: run}
	if name == "file.upload" {
		op.maxBody = maxUpload
	}
	mux.HandleFunc(pattern, s.serve(op))
	s.operations = append(s.operations, name)
}

func (s *Server) oauthRoutes(mux *http.ServeMux, base string) {
	s.operation(mux, "POST "+base, "oauth.token", asAnyone, nil, (*call).token)
	s.operation(mux, "POST "+base+"/introspect", "oauth.introspect", asAnyone, nil, (*call).introspect)
	s.operation(mux, "POST "+base+"/revoke", "oauth.revoke", asAnyone, nil, (*call).revoke)
}

func (s *Server) channelRoutes(mux *http.ServeMux, base string) {
	for _, list := range []string{base, base + "/{$}"} { // both are in use
		s.operation(mux, "GET "+list, "channel.list", asDeveloper, nil, (*call).listChannels)
		s.operation(mux, "POST "+list, "channel.create", asDeveloper, nil, (*call).createChannel)
	}
	one := base + "/{channelId}"
	s.operation(mux, "GET "+one, "channel.get", asDeveloper, nil, (*call).getChannel)
	s.operation(mux, "PATCH "+one, "channel.update", asDeveloper, nil, (*call).updateChannel)
	s.operation(mux, "DELETE "+one, "channel.archive", asDeveloper, nil, (*call).archiveChannel)

	accounts := one + "/channel-accounts"
	s.operation(mux, "GET "+accounts, "account.list", asPortal, channelScopes, (*call).listAccounts)
	s.operation(mux, "POST "+accounts, "account.create", asPortal, channelScopes, (*call).createAccount)
	s.operation(mux, "GET "+accounts+"/{channelAccountId}", "account.get", asPortal, channelScopes, (*call).getAccount)
	s.operation(mux, "PATCH "+accounts+"/{channelAccountId}", "account.update", asPortal, channelScopes, (*call).updateAccount)
	s.operation(mux, "PATCH "+one+"/channel-account-staging-tokens/{accountToken}", "account.connect", asPortal, channelScopes, (*call).stageAccount)

	messages := one + "/messages"
	s.operation(mux, "POST "+messages, "message.publish", asPortal, channelWriteScope, (*call).publish)
	s.operation(mux, "GET "+messages+"/{messageId}", "message.get", asPortal, channelReadScope, (*call).getMessage)
	s.operation(mux, "PATCH "+messages+"/{messageId}", "message.status", asPortal, channelWriteScope, (*call).setMessageStatus)
}

func (s *Server) conversationRoutes(mux *http.ServeMux, base string) {
	s.operation(mux, "GET "+base+"/inboxes", "inbox.list", asPortal, conversationsRead, (*call).listInboxes)
	s.operation(mux, "GET "+base+"/inboxes/{inboxId}", "inbox.get", asPortal, conversationsRead, (*call).getInbox)
	s.operation(mux, "GET "+base+"/actors/{actorId}", "actor.get", asPortal, conversationsRead, (*call).getActor)
	s.operation(mux, "POST "+base+"/actors/batch/read", "actor.batch", asPortal, conversationsRead, (*call).batchActors)
	s.operation(mux, "GET "+base+"/threads", "thread.list", asPortal, conversationsRead, (*call).listThreads)

	one := base + "/threads/{threadId}"
	s.operation(mux, "GET "+one, "thread.get", asPortal, conversationsRead, (*call).getThread)
	s.operation(mux, "PATCH "+one, "thread.update", asPortal, conversationsWrite, (*call).updateThread)
	s.operation(mux, "DELETE "+one, "thread.archive", asPortal, conversationsWrite, (*call).archiveThread)
	s.operation(mux, "GET "+one+"/messages", "thread.messages", asPortal, conversationsRead, (*call).listThreadMessages)
	s.operation(mux, "POST "+one+"/messages", "thread.send", asPortal, conversationsWrite, (*call).postThreadMessage)
	s.operation(mux, "GET "+one+"/messages/{messageId}", "thread.message", asPortal, conversationsRead, (*call).getThreadMessage)
	s.operation(mux, "GET "+one+"/messages/{messageId}/original-content", "thread.original", asPortal, conversationsRead, (*call).originalContent)
	for _, method := range []string{"PUT ", "POST "} { // the schema says one, the guide the other
		s.operation(mux, method+one+"/assignee", "thread.assign", asPortal, conversationsWrite, (*call).assignThread)
	}
	s.operation(mux, "DELETE "+one+"/assignee", "thread.unassign", asPortal, conversationsWrite, (*call).unassignThread)

	s.operation(mux, "GET "+base+"/channels", "conversations.channels", asPortal, conversationsRead, (*call).listAnyChannels)
	s.operation(mux, "GET "+base+"/channels/{channelId}", "conversations.channel", asPortal, conversationsRead, (*call).getAnyChannel)
	s.operation(mux, "GET "+base+"/channel-accounts", "conversations.accounts", asPortal, conversationsRead, (*call).listAnyAccounts)
	s.operation(mux, "GET "+base+"/channel-accounts/{channelAccountId}", "conversations.account", asPortal, conversationsRead, (*call).getAnyAccount)
}

func (s *Server) fileRoutes(mux *http.ServeMux, base string) {
	s.operation(mux, "POST "+base, "file.upload", asPortal, filesWrite, (*call).uploadFile)
	s.operation(mux, "POST "+base+"/import-from-url/async", "file.import", asPortal, filesWrite, (*call).importFile)
	s.operation(mux, "GET "+base+"/import-from-url/async/tasks/{taskId}/status", "file.import_status", asPortal, filesWrite, (*call).importStatus)
	s.operation(mux, "GET "+base+"/{fileId}", "file.get", asPortal, filesRead, (*call).getFile)
	s.operation(mux, "GET "+base+"/{fileId}/signed-url", "file.signed_url", asPortal, filesRead, (*call).signFile)
	s.operation(mux, "GET "+base+"/{fileId}/download", "file.download", asPortal, filesRead, (*call).downloadFile)
	s.operation(mux, "GET /signed-files/{fileId}", "file.download", asAnyone, nil, (*call).downloadSigned)
	s.operation(mux, "GET /hubfs/{portalId}/{fileId}/{name}", "file.download", asAnyone, nil, (*call).downloadPublic)
}

// userRoutes are the pages that HubSpot's users see in an app's flows.
func (s *Server) userRoutes(mux *http.ServeMux) {
	s.operation(mux, "GET /oauth/authorize", "oauth.authorize", asAnyone, nil, (*call).authorizePage)
	s.operation(mux, "GET /oauth/{portalId}/authorize", "oauth.authorize", asAnyone, nil, (*call).authorizePage)
	s.operation(mux, "GET /simulator/connected", "account.connected", asAnyone, nil, (*call).connected)
	s.decision(mux, "POST /oauth/authorize", "oauth.decision", (*call).authorizeDecision)
}

// unknown answers for what HubSpot may know but the simulator does not.
func (c *call) unknown() (*reply, error) {
	return nil, plainRefusal(http.StatusNotFound, "The simulator does not know %s %s; the package documentation lists what it does", c.r.Method, c.r.URL.Path)
}
