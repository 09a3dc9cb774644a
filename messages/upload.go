package messages

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"

	"github.com/customchannels/customchannels-go/channels"
)

// defaultFolder is where uploads go, out of the way of the portal's own files.
const defaultFolder = "/custom-channels"

// Upload is a file to be uploaded. Give its content as Open or as Body.
type Upload struct {
	// Name is the file's name with its extension. Required.
	Name string
	// ContentType is the MIME type. Defaults to application/octet-stream.
	ContentType string
	// Size is the size in bytes, if known; 0 or less if not. With a wrong size the upload fails. It is not needed for a
	// Body that is a file or in memory.
	Size int64
	// Open opens the content, again for each attempt.
	Open func() (io.ReadCloser, error)
	// Body is the content, from where the reader stands. It can be sent again after a failure if it is an [io.ReaderAt]
	// and [io.Seeker], as files and in-memory readers are.
	Body io.Reader
	// Access defaults to AccessPrivate, which agents can see and nobody else.
	Access FileAccess
	// FolderPath is where the file goes. Defaults to /custom-channels.
	FolderPath string
}

// Upload streams a file into the portal's Files; its id is for [File]. An attempt that failed halfway may leave a copy
// behind that nothing refers to. It needs the scope files or files.write.
func (c *Client) Upload(ctx context.Context, u *Upload, opts ...channels.CallOption) (*FileInfo, error) {
	body, err := u.form()
	if err != nil {
		return nil, err
	}
	info := new(FileInfo)
	if err := c.api.Call(ctx, http.MethodPost, c.api.FilesPath(), body, info, repeatable(opts)...); err != nil {
		return nil, err
	}
	return info, nil
}

// form returns the multipart form around the content, which is not held in memory.
func (u *Upload) form() (*channels.Body, error) {
	open, length, err := u.opener()
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	w := multipart.NewWriter(&buf)
	options, err := json.Marshal(map[string]any{"access": cmp.Or(u.Access, AccessPrivate)})
	if err != nil {
		return nil, err
	}
	for _, field := range [][2]string{
		{"options", string(options)},
		{"folderPath", cmp.Or(u.FolderPath, defaultFolder)},
		{"fileName", u.Name},
	} {
		if err := w.WriteField(field[0], field[1]); err != nil {
			return nil, err
		}
	}
	// The part needs a file name of its own: HubSpot refuses it otherwise, in spite of the field.
	if _, err := w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {multipart.FileContentDisposition("file", u.Name)},
		"Content-Type":        {cmp.Or(u.ContentType, "application/octet-stream")},
	}); err != nil {
		return nil, err
	}
	head := bytes.Clone(buf.Bytes())
	buf.Reset()
	if err := w.Close(); err != nil {
		return nil, err
	}
	tail := buf.Bytes()
	size := int64(-1)
	if length >= 0 {
		size = int64(len(head)) + length + int64(len(tail))
	}
	return &channels.Body{ContentType: w.FormDataContentType(), Size: size, Open: func() (io.ReadCloser, error) {
		content, err := open()
		if err != nil {
			return nil, err
		}
		return struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(head), content, bytes.NewReader(tail)), content}, nil
	}}, nil
}

// opener returns what opens the content for an attempt, and the content's size, -1 if it is not known.
func (u *Upload) opener() (func() (io.ReadCloser, error), int64, error) {
	size := u.Size
	if size <= 0 {
		size = -1
	}
	switch {
	case strings.TrimSpace(u.Name) == "":
		return nil, 0, invalid(errors.New("a file needs a name"))
	case strings.ContainsAny(u.ContentType, "\r\n"):
		return nil, 0, invalid(fmt.Errorf("%q is not a content type", u.ContentType))
	case (u.Open == nil) == (u.Body == nil):
		return nil, 0, invalid(errors.New("an upload needs either Open or Body"))
	case u.Open != nil:
		return u.Open, size, nil
	}
	content := section(u.Body)
	if content == nil {
		return once(u.Body), size, nil
	}
	return func() (io.ReadCloser, error) {
		return io.NopCloser(io.NewSectionReader(content, 0, content.Size())), nil
	}, content.Size(), nil
}

// section returns what is left of r as something to read several times, or nil. Every attempt needs a reader of its own:
// a transport may still be reading for the one before.
func section(r io.Reader) *io.SectionReader {
	file, ok := r.(interface {
		io.ReaderAt
		io.Seeker
	})
	if !ok {
		return nil
	}
	start, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil // such as a pipe in an *os.File
	}
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return nil
	}
	if _, err := file.Seek(start, io.SeekStart); err != nil {
		return nil
	}
	return io.NewSectionReader(file, start, end-start)
}

// once returns an opener for content that can be read a single time.
func once(r io.Reader) func() (io.ReadCloser, error) {
	opened := false
	return func() (io.ReadCloser, error) {
		if opened {
			return nil, errors.New("the content can be read only once")
		}
		opened = true
		return io.NopCloser(r), nil
	}
}
