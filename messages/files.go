package messages

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/internal/jsonx"
)

// FileAccess says who can open a file.
type FileAccess string

// The accesses that make sense for message files. HubSpot knows more, for hidden and sensitive files.
const (
	AccessPrivate            FileAccess = "PRIVATE"              // by signed URL only
	AccessPublicNotIndexable FileAccess = "PUBLIC_NOT_INDEXABLE" // by anyone who has the URL
	AccessPublicIndexable    FileAccess = "PUBLIC_INDEXABLE"     // also by search engines
)

// FileInfo is HubSpot's record of a file. A time that is missing or cannot be read is zero.
type FileInfo struct {
	ID        FileID     `json:"id"`
	Name      string     `json:"name"`      // without extension; HubSpot may have changed it
	Extension string     `json:"extension"` // without dot
	Type      string     `json:"type"`      // IMG, DOCUMENT, AUDIO, MOVIE or OTHER: not a MIME type
	Size      int64      `json:"size"`      // in bytes
	Access    FileAccess `json:"access"`
	URL       string     `json:"url"`    // answers 404 if the file is private: see SignedURL
	Path      string     `json:"path"`   // within Files, with the name
	Width     int        `json:"width"`  // of pictures and videos
	Height    int        `json:"height"` // of pictures and videos
	Archived  bool       `json:"archived"`
	CreatedAt time.Time  `json:"createdAt"`
	UpdatedAt time.Time  `json:"updatedAt"`
	ExpiresAt time.Time  `json:"expiresAt,omitzero"` // when HubSpot deletes it, if ever
}

// UnmarshalJSON implements [json.Unmarshaler].
func (f *FileInfo) UnmarshalJSON(data []byte) error {
	type plain FileInfo
	wire := struct {
		*plain
		CreatedAt jsonx.LooseTime `json:"createdAt"`
		UpdatedAt jsonx.LooseTime `json:"updatedAt"`
		ExpiresAt jsonx.LooseTime `json:"expiresAt"`
	}{plain: (*plain)(f)}
	if err := json.Unmarshal(data, &wire); err != nil {
		return err
	}
	f.CreatedAt, f.UpdatedAt, f.ExpiresAt = wire.CreatedAt.Time, wire.UpdatedAt.Time, wire.ExpiresAt.Time
	return nil
}

// FileName returns the file's name with its extension.
func (f *FileInfo) FileName() string { return fileName(f.Name, f.Extension) }

// SignedURL opens a file, also a private one, to anyone who has it until it expires.
type SignedURL struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expiresAt"` // zero if HubSpot does not say
	Name      string    `json:"name"`      // without extension
	Extension string    `json:"extension"` // without dot
	Type      string    `json:"type"`      // IMG, DOCUMENT, AUDIO, MOVIE or OTHER: not a MIME type
	Size      int64     `json:"size"`      // in bytes
	Width     int       `json:"width"`     // of pictures and videos
	Height    int       `json:"height"`    // of pictures and videos
}

// UnmarshalJSON implements [json.Unmarshaler].
func (s *SignedURL) UnmarshalJSON(data []byte) error {
	type plain SignedURL
	wire := struct {
		*plain
		ExpiresAt jsonx.LooseTime `json:"expiresAt"`
	}{plain: (*plain)(s)}
	if err := json.Unmarshal(data, &wire); err != nil {
		return err
	}
	s.ExpiresAt = wire.ExpiresAt.Time
	return nil
}

// FileName returns the file's name with its extension.
func (s *SignedURL) FileName() string { return fileName(s.Name, s.Extension) }

func fileName(name, extension string) string {
	extension = strings.TrimPrefix(extension, ".")
	if extension == "" || strings.HasSuffix(strings.ToLower(name), "."+strings.ToLower(extension)) {
		return name
	}
	return name + "." + extension
}

// FileInfo returns the record of a file, or an error that matches [channels.ErrNotFound]. It needs the scope files or
// files.read.
func (c *Client) FileInfo(ctx context.Context, id FileID, opts ...channels.CallOption) (*FileInfo, error) {
	info := new(FileInfo)
	if err := c.api.Call(ctx, http.MethodGet, c.api.FilesPath(string(id)), nil, info, opts...); err != nil {
		return nil, err
	}
	return info, nil
}

// SignedURL returns a URL that opens the file for a short time. It needs the scope files or files.read, and
// files.ui_hidden.read for hidden files, which are not found without it.
func (c *Client) SignedURL(ctx context.Context, id FileID, opts ...channels.CallOption) (*SignedURL, error) {
	signed := new(SignedURL)
	if err := c.api.Call(ctx, http.MethodGet, c.api.FilesPath(string(id), "signed-url"), nil, signed, opts...); err != nil {
		return nil, err
	}
	return signed, nil
}

// Download opens the content behind a file's URL: that of a [SignedURL] or an attachment. The portal's token goes only to
// the host of HubSpot's API, also when it redirects. The caller has to close the stream's Body, should bound what it reads,
// and must not pass on URLs that others can choose: Download connects to any host.
func (c *Client) Download(ctx context.Context, url string, opts ...channels.CallOption) (*channels.Stream, error) {
	stream := new(channels.Stream)
	if err := c.api.Call(ctx, http.MethodGet, url, nil, stream, opts...); err != nil {
		return nil, err
	}
	return stream, nil
}
