package hubspottest

import (
	"net/http"
	"net/url"
	"slices"
	"time"
)

// redirectURL is the address of a private file behind HubSpot's login: what
// HTML made in HubSpot holds.
func (f *file) redirectURL(base string) string {
	return base + "/filemanager/api/v2/files/" + f.ID + "/signed-url-redirect?" + url.Values{"portalId": {portalKey(f.PortalID)}}.Encode()
}

func (s *Server) redirectRoutes(mux *http.ServeMux) {
	for _, path := range []string{
		"/filemanager/api/v2/files/{fileId}/signed-url-redirect",
		"/form-integrations/v1/uploaded-files/signed-url-redirect/{fileId}",
	} {
		s.operation(mux, "GET "+path, "file.redirect", asAnyone, nil, (*call).redirectToFile)
	}
	s.operation(mux, "GET /login", "login", asAnyone, nil, func(*call) (*reply, error) {
		return pageReply(http.StatusOK, "login", nil)
	})
}

// redirectToFile sends a caller with a token on to the file, and everybody else
// to the login page, which answers 200.
func (c *call) redirectToFile() (*reply, error) {
	if c.authenticatePortal() != nil || !slices.ContainsFunc(filesRead, func(scope string) bool { return slices.Contains(c.scopes, scope) }) {
		return &reply{status: http.StatusTemporaryRedirect, header: http.Header{
			"Location": {c.base(c.r) + "/login?" + url.Values{"loginRedirectUrl": {c.base(c.r) + c.r.URL.RequestURI()}}.Encode()},
		}}, nil
	}
	f, err := c.pathFile()
	if err != nil {
		return nil, err
	}
	if named := c.r.URL.Query().Get("portalId"); named != "" && named != portalKey(c.portal) {
		return nil, notFound("file", f.ID)
	}
	to := signedURL(c.base(c.r), c.ClientSecret(), f.ID, c.began.Add(time.Hour))
	return &reply{status: http.StatusFound, header: http.Header{"Location": {to}}}, nil
}
