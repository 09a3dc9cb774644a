package hubspottest

import (
	"bytes"
	"fmt"
	"html"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"slices"
	"strings"
)

// Insert is something that an agent puts into a message from the editor's
// Insert dialog.
type Insert struct {
	ID string `json:"id"`
	// Kind is SNIPPET, DOCUMENT, MEETING, ARTICLE, QUOTE or VIDEO.
	Kind  string `json:"kind"`
	Title string `json:"title"`
	// HTML is what the editor puts into the rich text, and Text into the plain
	// text.
	HTML string `json:"html"`
	Text string `json:"text"`
	// URL is where the link leads; empty for a snippet.
	URL string `json:"url,omitempty"`
}

// Kinds of an [Insert].
const (
	InsertSnippet  = "SNIPPET"
	InsertDocument = "DOCUMENT"
	InsertMeeting  = "MEETING"
	InsertArticle  = "ARTICLE"
	InsertQuote    = "QUOTE"
	InsertVideo    = "VIDEO"
)

// Inserts lists what agents can insert, the same in every portal: one of each
// kind and a second snippet. The links lead to pages of the simulator.
func (s *Server) Inserts() []Insert { return insertsAt(s.URL()) }

func insertsAt(base string) []Insert {
	list := []Insert{
		{ID: "greeting", Kind: InsertSnippet, Title: "Greeting", Text: "Thank you for writing to us!"},
		{ID: "steps", Kind: InsertSnippet, Title: "Return a parcel", Text: "1. Print the label\n2. Put it on the parcel\n3. Drop the parcel off"},
		{ID: "price-list", Kind: InsertDocument, Title: "Price list"},
		{ID: "call", Kind: InsertMeeting, Title: "Book a call"},
		{ID: "track", Kind: InsertArticle, Title: "How to track an order"},
		{ID: "quote-2044", Kind: InsertQuote, Title: "Quote 2044"},
		{ID: "unboxing", Kind: InsertVideo, Title: "Unboxing"},
	}
	for i := range list {
		list[i].complete(base)
	}
	return list
}

// complete adds the link and the markup, in the forms that HubSpot's editor
// has been seen to use.
func (in *Insert) complete(base string) {
	if in.Kind != InsertSnippet {
		in.URL = base + "/simulator/library/" + in.ID
		in.Text = in.Title + " " + in.URL
	}
	switch in.Kind {
	case InsertSnippet:
		in.HTML = snippetHTML(in.Text)
	case InsertVideo:
		in.HTML = fmt.Sprintf(`<p data-top-level="true"><a href="%s" target="_blank" rel="noopener"><img src="%s/preview.png" alt="%s" width="320" height="180"></a></p>`,
			in.URL, in.URL, in.Title)
	default:
		in.HTML = fmt.Sprintf(`<p data-top-level="true"><a href="%s" target="_blank" rel="noopener">%s</a></p>`, in.URL, in.Title)
	}
}

func snippetHTML(text string) string {
	if !strings.HasPrefix(text, "1. ") {
		return `<p data-top-level="true">` + text + `</p>`
	}
	var out strings.Builder
	out.WriteString(`<ol data-top-level="true">`)
	for line := range strings.SplitSeq(text, "\n") {
		_, step, _ := strings.Cut(line, " ")
		out.WriteString(`<li><p>` + step + `</p></li>`)
	}
	out.WriteString(`</ol><p data-top-level="true"><br class="hs-trailingbreak"></p>`)
	return out.String()
}

// insertInto adds a reply's pictures and inserts to its message.
func (s *Server) insertInto(m *message, out *outlet, r *Reply) error {
	if len(r.Pictures) > 0 && !out.takesPictures() {
		return invalid("The channel does not take pictures in the text: its capability allowInlineImages is off")
	}
	if len(r.Pictures)+len(r.Inserts) > 0 && m.RichText == "" && m.Text != "" {
		m.RichText = "<p data-top-level=\"true\">" + html.EscapeString(m.Text) + "</p>"
	}
	for _, up := range r.Pictures {
		picture, err := s.storePicture(out.portal, up)
		if err != nil {
			return err
		}
		m.RichText += fmt.Sprintf(`<p data-top-level="true"><img src="%s" alt="%s"></p>`,
			html.EscapeString(picture.URL), html.EscapeString(up.Name))
	}
	for _, in := range r.Inserts {
		m.Text = strings.TrimSpace(m.Text + "\n" + in.Text)
		m.RichText += in.HTML
	}
	return nil
}

// Picture is a picture that an agent can place in a rich text.
type Picture struct {
	FileID string `json:"fileId"`
	// URL is what the editor writes into the src of an img.
	URL string `json:"url"`
	// Preview is where the simulator's page finds it, which has no login.
	Preview string `json:"preview"`
}

// storePicture keeps a picture for rich text. See Readings.InlineImagesPublic.
func (s *Server) storePicture(portal int64, up Upload) (*Picture, error) {
	public := s.Readings().InlineImagesPublic
	f := &file{PortalID: portal, Folder: "/conversations", Access: "PRIVATE", ByAgent: true}
	if public {
		f.Access = "PUBLIC_NOT_INDEXABLE"
	}
	f.describe(up.Name, up.ContentType, up.Content)
	if f.kind() != "IMG" {
		return nil, invalid("%s is no picture", f.fullName())
	}
	if err := s.storeFile(f, up.Content); err != nil {
		return nil, err
	}
	p := &Picture{FileID: f.ID, URL: f.redirectURL(s.URL()), Preview: "/simulator/api/files/" + f.ID}
	if public {
		p.URL = f.address(s.URL())
	}
	return p, nil
}

// libraryRoutes are the pages that inserted links lead to.
func (s *Server) libraryRoutes(mux *http.ServeMux) {
	find := func(r *http.Request) *Insert {
		list := s.Inserts()
		i := slices.IndexFunc(list, func(in Insert) bool { return in.ID == r.PathValue("id") && in.URL != "" })
		if i < 0 {
			return nil
		}
		return &list[i]
	}
	s.operation(mux, "GET /simulator/library/{id}", "library.page", asAnyone, nil, func(c *call) (*reply, error) {
		in := find(c.r)
		if in == nil {
			return nil, notFound("document", c.r.PathValue("id"))
		}
		return pageReply(http.StatusOK, "library", in)
	})
	s.operation(mux, "GET /simulator/library/{id}/preview.png", "library.preview", asAnyone, nil, func(c *call) (*reply, error) {
		if find(c.r) == nil {
			return nil, notFound("document", c.r.PathValue("id"))
		}
		picture, err := previewPicture()
		return &reply{status: http.StatusOK, body: picture, header: http.Header{"Content-Type": {"image/png"}}}, err
	})
}

// previewPicture is a video's picture: a triangle on a plain ground.
func previewPicture() ([]byte, error) {
	const width, height = 320, 180
	img := image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{color.RGBA{R: 38, G: 50, B: 86, A: 255}, color.White})
	for x := range 52 {
		for y := -x / 2; y <= x/2; y++ {
			img.SetColorIndex(width/2+26-x, height/2+y, 1)
		}
	}
	var out bytes.Buffer
	err := png.Encode(&out, img)
	return out.Bytes(), err
}
