package hubspottest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// consent is the page on which a user allows an app or does not. Its template
// works without scripts.
type consent struct {
	App      string
	Problem  string // why the last answer was refused
	Action   string // where the answer goes
	Hidden   []hiddenField
	Accounts []consentAccount
	Scopes   []consentScope
}

type hiddenField struct{ Name, Value string }

// consentAccount is an account to install the app in, and who may be the one
// that does so.
type consentAccount struct {
	ID     int64
	Name   string
	Chosen bool
	Users  []consentUser
	Admins string // their names
}

type consentUser struct {
	User
	Chosen bool
}

type consentScope struct {
	Name     string
	Words    string
	Optional bool
}

// Initial stands for the app's logo.
func (p *consent) Initial() string {
	r, _ := utf8.DecodeRuneInString(p.App)
	return strings.ToUpper(string(r))
}

// Several reports whether there is an account to choose.
func (p *consent) Several() bool { return len(p.Accounts) > 1 }

// offer adds an account. The answer that was refused, or nothing, says what is
// chosen.
func (p *consent) offer(in *portal, answer url.Values) {
	account := consentAccount{
		ID: in.ID, Name: in.Name, Chosen: answer.Get("portal") == portalKey(in.ID), Admins: in.admins(),
	}
	chosen := in.installer(answer)
	for _, u := range in.Users {
		account.Users = append(account.Users, consentUser{User: u, Chosen: chosen != nil && chosen.ActorID == u.ActorID})
	}
	p.Accounts = append(p.Accounts, account)
}

func (p *consent) ask(scopes []string, optional bool) {
	for _, name := range scopes {
		p.Scopes = append(p.Scopes, consentScope{Name: name, Words: scopeWords(name), Optional: optional})
	}
}

func (p *consent) reply() (*reply, error) {
	status := http.StatusOK
	if p.Problem != "" {
		status = http.StatusForbidden
	}
	return pageReply(status, "consent", p)
}

// scopeWords says what a scope allows, in the words of the marketplace page.
func scopeWords(scope string) string {
	words := map[string]string{}
	text, err := pageFiles.ReadFile("page/admin/scopes.json")
	if err != nil || json.Unmarshal(text, &words) != nil || words[scope] == "" {
		return "Other access"
	}
	return words[scope]
}

// installer is the user who gives an answer: the one chosen there, nil if
// there is no such, or by default the first super-admin.
func (p *portal) installer(answer url.Values) *User {
	id := answer.Get(installerField(p.ID))
	i := slices.IndexFunc(p.Users, func(u User) bool { return u.ActorID == id || id == "" && u.SuperAdmin })
	if i < 0 {
		return nil
	}
	return &p.Users[i]
}

// installerField is the field of a portal's users. Each portal has its own, so
// that the page can do without scripts.
func installerField(portalID int64) string { return "user-" + portalKey(portalID) }

// admins names the super-admins.
func (p *portal) admins() string {
	var names []string
	for _, u := range p.Users {
		if u.SuperAdmin {
			names = append(names, u.Name)
		}
	}
	return strings.Join(names, " or ")
}

// mayNotInstall is a sentence for a user who is no super-admin.
type mayNotInstall string

func (e mayNotInstall) Error() string { return string(e) }

// issueCode makes an authorization code of a super-admin's answer, and refuses
// that of others with [mayNotInstall].
func (tx *tx) issueCode(p *portal, answer url.Values, a *authorizeRequest) (code string, err error) {
	u := p.installer(answer)
	if u == nil {
		return "", invalid("There is no user with the id %q in %s", answer.Get(installerField(p.ID)), p.Name)
	}
	if !u.SuperAdmin {
		return "", mayNotInstall(fmt.Sprintf("You are %s. Only a super-admin installs apps: ask %s.", u.Name, p.admins()))
	}
	user, err := strconv.ParseInt(userNumber(u.ActorID), 10, 64)
	if err != nil {
		return "", invalid("The id of the user %s is too large", u.Name)
	}
	code = uuid()
	tx.grants.put(tx, code, &grant{
		Kind: authorizationCode, PortalID: p.ID, UserID: user, RedirectURL: a.RedirectURL,
		Scopes: grantedScopes(a), ExpiresAt: tx.now.Add(codeLifetime), Seq: tx.next(),
	})
	return code, nil
}
