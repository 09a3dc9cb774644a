package hubspottest

import (
	"bytes"
	"html/template"
	"net/http"
)

// pageTemplates are the pages that HubSpot itself shows in an app's flows.
var pageTemplates = template.Must(template.New("").Parse(`
{{define "head"}}<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{.}}</title>
<style>
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:12vh auto;padding:0 1.5rem}
ul{padding-left:1.2rem}li{font-family:ui-monospace,monospace;font-size:.875rem}
label{display:block;margin:1rem 0}select,button{font:inherit;padding:.5rem 1rem;border-radius:.5rem;border:1px solid #8888}
button[value=allow]{background:#2f5bea;color:#fff;border-color:#2f5bea}
footer{margin-top:3rem;font-size:.8rem;opacity:.7}
</style></head><body><main>{{end}}

{{define "foot"}}</main><footer>This is a simulator for developers, not HubSpot.</footer></body></html>{{end}}

{{define "authorize"}}{{template "head" "Connect an app"}}
<h1>Connect {{.App}}</h1>
<form method="post" action="/oauth/authorize">
<label>Account <select name="portal">{{range .Portals}}<option value="{{.ID}}">{{.Name}} ({{.ID}})</option>{{end}}</select></label>
<p>The app asks for these scopes:</p>
<ul>{{range .Scopes}}<li>{{.}}</li>{{end}}{{range .Optional}}<li>{{.}} (optional)</li>{{end}}</ul>
<input type="hidden" name="client_id" value="{{.ClientID}}">
<input type="hidden" name="redirect_uri" value="{{.RedirectURL}}">
<input type="hidden" name="scope" value="{{.Scope}}">
<input type="hidden" name="optional_scope" value="{{.OptionalScope}}">
<input type="hidden" name="state" value="{{.State}}">
<button name="decision" value="allow">Allow</button>
<button name="decision" value="deny">Deny</button>
</form>
{{template "foot"}}{{end}}

{{define "connected"}}{{template "head" "Connected"}}
<h1>Connected</h1><p>{{.}} is connected. You can close this window.</p>
<p><a href="/">Go to the inbox</a></p>
<script>if (window.opener) window.close()</script>
{{template "foot"}}{{end}}

{{define "library"}}{{template "head" .Title}}
<h1>{{.Title}}</h1><p>An agent has linked to this: {{.Kind}}.</p>
{{template "foot"}}{{end}}

{{define "login"}}{{template "head" "Log in"}}
<h1>Log in</h1><p>This page stands where HubSpot asks its users to log in. An app reads the file with its own token.</p>
{{template "foot"}}{{end}}

{{define "returned"}}{{template "head" "Install"}}
<h1>{{.Title}}</h1><p>{{.Text}}</p>
<p><a href="/">Go to the inbox</a></p>
<script>if (window.opener) window.close()</script>
{{template "foot"}}{{end}}

{{define "consent"}}{{template "head" "Connect an app"}}
<h1>Connect {{.App}}</h1>
<form method="post" action="/simulator/marketplace/consent">
<p>Account: {{.Portal}}. The app asks for these scopes:</p>
<ul>{{range .Scopes}}<li>{{.}}</li>{{end}}</ul>
<input type="hidden" name="flow" value="{{.Flow}}">
<button name="decision" value="allow">Allow</button>
<button name="decision" value="deny">Deny</button>
</form>
{{template "foot"}}{{end}}

{{define "problem"}}{{template "head" "That did not work"}}
<h1>That did not work</h1><p role="alert">{{.}}</p>
{{template "foot"}}{{end}}
`))

// pageReply answers with a page that must not be framed: a click on Allow has
// to be the user's own.
func pageReply(status int, name string, data any) (*reply, error) {
	var out bytes.Buffer
	if err := pageTemplates.ExecuteTemplate(&out, name, data); err != nil {
		return nil, err
	}
	return &reply{status: status, body: out.Bytes(), header: http.Header{
		"Content-Type":            {"text/html; charset=utf-8"},
		"Cache-Control":           {"no-store"},
		"Content-Security-Policy": {"frame-ancestors 'none'; base-uri 'none'"},
		"Referrer-Policy":         {"no-referrer"},
	}}, nil
}
