package hubspottest

import (
	"encoding/base64"
	"net/http"
	"strconv"
)

const (
	defaultPageLength = 20
	maxPageLength     = 100
)

type listPage[T any] struct {
	Total   int     `json:"total"`
	Results []T     `json:"results"`
	Paging  *paging `json:"paging,omitempty"`
}

type paging struct {
	Next nextPage `json:"next"`
}

type nextPage struct {
	After string `json:"after"`
	Link  string `json:"link"`
}

// pageOf answers with the part of list that the query asks for. Cursors are
// offsets in disguise.
func pageOf[T any](c *call, list []T) (*reply, error) {
	q := c.r.URL.Query()
	from, limit := 0, defaultPageLength
	if after := q.Get("after"); after != "" {
		raw, err := base64.RawStdEncoding.DecodeString(after)
		from, _ = strconv.Atoi(string(raw))
		if err != nil || from <= 0 {
			return nil, invalid("The paging cursor %q is invalid", after)
		}
	}
	for _, name := range []string{"defaultPageLength", "limit"} {
		if text := q.Get(name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 {
				return nil, invalid("%s must be a positive number, not %q", name, text)
			}
			limit = min(n, maxPageLength)
		}
	}
	from = min(from, len(list))
	to := min(from+limit, len(list))
	page := listPage[T]{Total: len(list), Results: list[from:to]}
	if to < len(list) {
		next := base64.RawStdEncoding.EncodeToString([]byte(strconv.Itoa(to)))
		q.Set("after", next)
		q.Del("hapikey")
		page.Paging = &paging{Next: nextPage{After: next, Link: c.base(c.r) + c.r.URL.Path + "?" + q.Encode()}}
	}
	return jsonReply(http.StatusOK, page)
}
