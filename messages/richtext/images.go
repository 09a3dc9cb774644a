package richtext

import (
	"net/url"
	"strconv"
	"strings"
)

// InlineImage is a picture inside of a text.
type InlineImage struct {
	// URL is where the picture is, http or https. Its host is whatever the HTML says: check it before you fetch from it.
	URL *url.URL
	// Alt is what the picture shows in words, often a file name. It may be empty.
	Alt string
	// Width and Height are in pixels, or 0 if the HTML does not say.
	Width, Height int
	// FileID is the id of the file in HubSpot's Files if URL is one of the links by which HubSpot redirects its own users
	// to a file ("signed-url-redirect"). Such a link leads everybody else to a login page, so ask for a signed URL by the
	// id instead. Empty for all other pictures.
	FileID string
	// PortalID is the portal that such a link names, or 0. Serve the file only if it is the portal of the message.
	PortalID int64
}

// Images finds the pictures that a person sees in the HTML, in order. An agent's "Insert image" puts them nowhere else: they
// are not among the attachments of the message. Pictures that are not on the web (data:, cid:) are left out, and so are
// those of one pixel, by which mails are tracked.
func Images(html string) []InlineImage { return parse(html).images }

func newImage(e *element) (InlineImage, bool) {
	link := safeURL(e.attrs["src"])
	if !strings.HasPrefix(link, "http") {
		return InlineImage{}, false
	}
	u, err := url.Parse(link)
	if err != nil {
		return InlineImage{}, false
	}
	img := InlineImage{URL: u, Alt: oneLine(e.attrs["alt"])}
	img.Width, img.Height = e.size()
	if img.FileID = signedRedirect(u.Path); img.FileID != "" {
		img.PortalID, _ = strconv.ParseInt(u.Query().Get("portalId"), 10, 64)
	}
	return img, true
}

// signedRedirect is the file id in one of HubSpot's two paths.
func signedRedirect(path string) string {
	id, ok := strings.CutPrefix(path, "/form-integrations/v1/uploaded-files/signed-url-redirect/")
	if !ok {
		id, ok = strings.CutPrefix(path, "/filemanager/api/v2/files/")
		if !ok {
			return ""
		}
		if id, ok = strings.CutSuffix(id, "/signed-url-redirect"); !ok {
			return ""
		}
	}
	if strings.Trim(id, "0123456789") != "" {
		return ""
	}
	return id
}

// size is the size in pixels that the attributes of an element give it, or 0.
func (e *element) size() (width, height int) {
	width, height = pixels(e.attrs["width"]), pixels(e.attrs["height"])
	declarations(e.attrs["style"], func(property, value string) {
		switch property {
		case "width":
			width = pixels(value)
		case "height":
			height = pixels(value)
		}
	})
	return width, height
}

func pixels(s string) int {
	n, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(s), "px"), 64)
	if err != nil || !(n >= 0 && n <= 1e6) {
		return 0
	}
	return int(n)
}

// invisible reports whether an element is so small that it is only there to be fetched.
func (e *element) invisible() bool { return tiny(e.attrs["width"]) || tiny(e.attrs["height"]) }

func tiny(s string) bool {
	n, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(s), "px"), 64)
	return err == nil && n <= 1
}
