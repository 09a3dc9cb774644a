package hubspottest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	logoPatience = 5 * time.Second
	maxLogo      = 1 << 20
)

// pageLogo shows a channel's logo. The simulator fetches it, because the page
// loads nothing from other hosts.
func (s *Server) pageLogo(w http.ResponseWriter, r *http.Request) {
	address := ""
	s.view(func(st *state) {
		if ch := st.channels.get(r.PathValue("id")); ch != nil {
			address = ch.LogoURL
		}
	})
	if address == "" {
		writeResult(w, 0, nil, notFound("logo of the channel", r.PathValue("id")))
		return
	}
	kind, content, err := s.fetchLogo(r.Context(), address)
	if err != nil {
		writeResult(w, 0, nil, plainRefusal(http.StatusBadGateway, "The channel's logo cannot be shown: %v", err))
		return
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "private, max-age=60")
	_, _ = w.Write(content) // the page may be gone
}

func (s *Server) fetchLogo(ctx context.Context, address string) (kind string, content []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, logoPatience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", nil, errors.New("its channelLogoUrl is not a URL")
	}
	resp, err := s.cfg.HTTPClient.Do(req)
	if err != nil {
		return "", nil, fmt.Errorf("its channelLogoUrl did not answer: %w", withoutURL(err))
	}
	defer resp.Body.Close()
	content, err = io.ReadAll(io.LimitReader(resp.Body, maxLogo+1))
	kind = resp.Header.Get("Content-Type")
	switch {
	case err != nil:
		return "", nil, fmt.Errorf("its channelLogoUrl broke off: %w", withoutURL(err))
	case resp.StatusCode != http.StatusOK:
		return "", nil, fmt.Errorf("its channelLogoUrl answered %d", resp.StatusCode)
	case len(content) > maxLogo:
		return "", nil, fmt.Errorf("it is larger than %d bytes", maxLogo)
	case !strings.HasPrefix(kind, "image/"):
		return "", nil, fmt.Errorf("it is %q, not a picture", kind)
	}
	return kind, content, nil
}
