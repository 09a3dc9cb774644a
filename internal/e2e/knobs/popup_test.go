package knobs

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
)

// browser is an admin's, with cookies.
type browser struct {
	*world
	client *http.Client
	url    *url.URL
	body   string
}

func (w *world) browse() *browser {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	w.must(err)
	return &browser{world: w, client: &http.Client{Transport: hosts{w}, Jar: jar}}
}

func (b *browser) get(address string) {
	b.t.Helper()
	resp, err := b.client.Get(address)
	b.read(resp, err)
}

func (b *browser) read(resp *http.Response, err error) {
	b.t.Helper()
	b.must(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	b.must(err)
	b.url, b.body = resp.Request.URL, string(body)
}

var (
	formTag   = regexp.MustCompile(`<form[^>]* action="([^"]*)"`)
	hiddenTag = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`)
	anyTag    = regexp.MustCompile(`(?s)<style.*?</style>|<title.*?</title>|<[^>]*>`)
)

// submit fills in the page's form.
func (b *browser) submit(fields map[string]string) {
	b.t.Helper()
	form := formTag.FindStringSubmatch(b.body)
	if form == nil {
		b.t.Fatalf("there is no form: %s", b.text())
	}
	values := url.Values{}
	for _, hidden := range hiddenTag.FindAllStringSubmatch(b.body, -1) {
		values.Set(hidden[1], html.UnescapeString(hidden[2]))
	}
	for name, value := range fields {
		values.Set(name, value)
	}
	to, err := b.url.Parse(html.UnescapeString(form[1]))
	b.must(err)
	resp, err := b.client.PostForm(to.String(), values)
	b.read(resp, err)
}

// text is what the page says.
func (b *browser) text() string {
	return strings.Join(strings.Fields(html.UnescapeString(anyTag.ReplaceAllString(b.body, " "))), " ")
}
