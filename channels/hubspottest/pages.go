package hubspottest

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
)

//go:embed pages.html
var pagesHTML string

// pageTemplates are the pages that HubSpot itself shows in an app's flows.
var pageTemplates = template.Must(template.New("").Parse(pagesHTML))

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
