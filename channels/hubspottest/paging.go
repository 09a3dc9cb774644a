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
	Total   *int    `json:"total,omitempty"`
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

// pageOf answers with the part of list that the query asks for, and with the
// length of all of it.
func pageOf[T any](c *call, list []T) (*reply, error) {
	total := len(list)
	return answerPage(c, list, &total)
}

// forwardPageOf answers without a total: threads and messages have none.
func forwardPageOf[T any](c *call, list []T) (*reply, error) { return answerPage(c, list, nil) }

// answerPage cuts a page out of list. Cursors are offsets in disguise.
func answerPage[T any](c *call, list []T, total *int) (*reply, error) {
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
	page := listPage[T]{Total: total, Results: list[from:to]}
	if to < len(list) {
		next := base64.RawStdEncoding.EncodeToString([]byte(strconv.Itoa(to)))
		q.Set("after", next)
		q.Del("hapikey")
		page.Paging = &paging{Next: nextPage{After: next, Link: c.base(c.r) + c.r.URL.Path + "?" + q.Encode()}}
	}
	return jsonReply(http.StatusOK, page)
}
