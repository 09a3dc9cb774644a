package hubspottest

import (
	"bytes"
	"cmp"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// file is a file of a portal. Its bytes are kept apart.
type file struct {
	ID          string    `json:"id"`
	PortalID    int64     `json:"portalId"`
	Name        string    `json:"name"` // without the extension
	Extension   string    `json:"extension"`
	Folder      string    `json:"folder"`
	Access      string    `json:"access"`
	ContentType string    `json:"contentType"`
	Size        int64     `json:"size"`
	MD5         string    `json:"md5"`
	ByAgent     bool      `json:"byAgent,omitempty"`
	CreatedAt   time.Time `json:"createdAt"`
	Seq         int64     `json:"seq"`
}

func (f file) order() int64 { return f.Seq }

func (f *file) fullName() string {
	if f.Extension == "" {
		return f.Name
	}
	return f.Name + "." + f.Extension
}

const maxUpload = 256 << 20

var accessKinds = []string{
	"PUBLIC_INDEXABLE", "PUBLIC_NOT_INDEXABLE", "PRIVATE", "SENSITIVE",
	"HIDDEN_INDEXABLE", "HIDDEN_NOT_INDEXABLE", "HIDDEN_PRIVATE", "HIDDEN_SENSITIVE",
}

func (f *file) public() bool { return strings.HasSuffix(f.Access, "INDEXABLE") }

// hidden reports whether reading it needs the scope files.ui_hidden.read.
func (f *file) hidden() bool { return strings.HasPrefix(f.Access, "HIDDEN_") }

// wireFileRecord is a file as HubSpot's API shows it.
type wireFileRecord struct {
	ID          any    `json:"id"` // a string, or a number
	CreatedAt   string `json:"createdAt"`
	UpdatedAt   string `json:"updatedAt"`
	Archived    bool   `json:"archived"`
	Access      string `json:"access"`
	Name        string `json:"name"`
	Path        string `json:"path"`
	Size        int64  `json:"size"`
	Type        string `json:"type"`
	Extension   string `json:"extension"`
	URL         string `json:"url"`
	HostingURL  string `json:"defaultHostingUrl"`
	MD5         string `json:"fileMd5"`
	IsUsable    bool   `json:"isUsableInContent"`
	SourceGroup string `json:"sourceGroup"`
}

func (f *file) wire(base string) wireFileRecord {
	address := f.address(base)
	w := wireFileRecord{
		ID: f.ID, CreatedAt: stamp(f.CreatedAt), UpdatedAt: stamp(f.CreatedAt), Access: f.Access, Name: f.Name,
		Path: path.Join(f.Folder, f.fullName()), Size: f.Size, Type: f.kind(), Extension: f.Extension,
		URL: address, HostingURL: address, MD5: f.MD5, IsUsable: !f.hidden(), SourceGroup: "CONTENT",
	}
	if f.ByAgent {
		w.SourceGroup = "CONVERSATIONS"
	}
	return w
}

func (c *call) wireFile(f *file) wireFileRecord {
	w := f.wire(c.base(c.r))
	if c.Readings().NumericFileIDs {
		w.ID = json.Number(f.ID)
	}
	return w
}

// address is where a public file is found.
func (f *file) address(base string) string {
	return base + "/hubfs/" + portalKey(f.PortalID) + "/" + f.ID + "/" + url.PathEscape(f.fullName())
}

// kind is HubSpot's type of a file, which is no MIME type.
func (f *file) kind() string {
	family, _, _ := strings.Cut(f.ContentType, "/")
	switch family {
	case "image":
		return "IMG"
	case "audio":
		return "AUDIO"
	case "video":
		return "MOVIE"
	case "text":
		return "DOCUMENT"
	}
	if f.ContentType == "application/pdf" || strings.Contains(f.ContentType, "document") {
		return "DOCUMENT"
	}
	return "OTHER"
}

// usage is what an agent's file is sent as.
func (f *file) usage() string {
	switch f.kind() {
	case "IMG":
		return "IMAGE"
	case "AUDIO":
		return "AUDIO"
	}
	return "OTHER"
}

// upload is what a multipart upload holds.
type upload struct {
	name        string
	contentType string // of the part, as the app declares it
	content     []byte
	form        url.Values
	access      string
}

func (c *call) uploadFile() (*reply, error) {
	up, err := c.readUpload()
	if err != nil {
		return nil, err
	}
	f := &file{PortalID: c.portal, Folder: cmp.Or(up.form.Get("folderPath"), "/"), Access: up.access}
	f.describe(up.name, up.contentType, up.content)
	if err := c.storeFile(f, up.content); err != nil {
		return nil, err
	}
	return jsonReply(http.StatusCreated, c.wireFile(f))
}

func (c *call) readUpload() (*upload, error) {
	kind, params, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return nil, plainRefusal(http.StatusUnsupportedMediaType, "Unsupported media type: send multipart/form-data")
	}
	up := &upload{form: url.Values{}}
	parts := multipart.NewReader(bytes.NewReader(c.body), params["boundary"])
	for {
		part, err := parts.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, invalid("The multipart body could not be read: %v", err)
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return nil, invalid("The multipart body could not be read: %v", err)
		}
		if part.FormName() == "file" {
			up.name, up.contentType, up.content = part.FileName(), part.Header.Get("Content-Type"), content
			up.form.Set("file", "")
			continue
		}
		up.form.Set(part.FormName(), string(content))
	}
	return up, up.check()
}

func (up *upload) check() error {
	if !up.form.Has("file") {
		return invalid("The file part is missing")
	}
	if up.name == "" {
		return invalid("Could not determine name from file")
	}
	up.name = cmp.Or(up.form.Get("fileName"), up.name)
	if up.form.Has("folderId") == up.form.Has("folderPath") {
		return invalid("Exactly one of folderId and folderPath is required")
	}
	var options struct {
		Access string `json:"access"`
	}
	if err := json.Unmarshal([]byte(up.form.Get("options")), &options); err != nil {
		return invalid("options must be a JSON object with access")
	}
	if !slices.Contains(accessKinds, options.Access) {
		return invalid("options.access must be one of %s", strings.Join(accessKinds, ", "))
	}
	up.access = options.Access
	return nil
}

// describe fills in what follows from a file's name, the content type that its
// sender declares, which may be empty, and its content.
func (f *file) describe(name, declared string, content []byte) {
	sum := md5.Sum(content)
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	f.Extension = strings.TrimPrefix(path.Ext(name), ".")
	f.Name = strings.TrimSuffix(name, path.Ext(name))
	if f.Name == "" { // a name such as .profile
		f.Name, f.Extension = name, ""
	}
	f.ContentType = contentType(f.Extension, declared, content)
	f.Size, f.MD5 = int64(len(content)), hex.EncodeToString(sum[:])
}

// contentType goes by the extension. Those of sound and film are the same for
// some formats, so there the sender's word decides; a .webm of which nothing is
// said is a film, for a player of films plays sound too.
func contentType(extension, declared string, content []byte) string {
	known := mime.TypeByExtension("." + extension)
	said, _, err := mime.ParseMediaType(declared)
	switch {
	case err == nil && isRecording(said) && (known == "" || isRecording(known)):
		return said
	case strings.EqualFold(extension, "webm"):
		return "video/webm"
	}
	return cmp.Or(known, http.DetectContentType(content))
}

// isRecording reports whether a content type is that of sound or film.
func isRecording(contentType string) bool {
	return strings.HasPrefix(contentType, "audio/") || strings.HasPrefix(contentType, "video/")
}

// storeFile keeps a described file under a name that is free in its folder.
func (s *Server) storeFile(f *file, content []byte) error {
	s.mu.Lock()
	f.Seq = s.state.next()
	st := s.store
	s.mu.Unlock()
	f.ID = strconv.FormatInt(122692040000+f.Seq, 10)
	if st != nil {
		if err := st.writeFile(f.ID, content); err != nil {
			return fmt.Errorf("cannot store the file: %w", err)
		}
	}
	return s.update(func(tx *tx) error {
		f.CreatedAt = tx.now
		f.Name = tx.freeName(f)
		if st == nil {
			tx.fileBytes[f.ID] = content
		}
		tx.files.put(tx, f.ID, f)
		return nil
	})
}

// freeName appends -1, -2… to a name that is taken, as HubSpot does.
func (st *state) freeName(f *file) string {
	taken := map[string]bool{}
	for _, other := range st.files.rows {
		if other.PortalID == f.PortalID && other.Folder == f.Folder && other.Extension == f.Extension {
			taken[other.Name] = true
		}
	}
	name := f.Name
	for n := 1; taken[name]; n++ {
		name = f.Name + "-" + strconv.Itoa(n)
	}
	return name
}

// fileContent returns a file's bytes.
func (s *Server) fileContent(id string) ([]byte, error) {
	s.mu.Lock()
	st, content := s.store, s.state.fileBytes[id]
	s.mu.Unlock()
	if st == nil {
		return content, nil
	}
	return st.readFile(id)
}

// pathFile returns the portal's file of the path, if the token may read it.
func (c *call) pathFile() (*file, error) {
	id := c.r.PathValue("fileId")
	var f *file
	c.view(func(st *state) { f = st.files.get(id) })
	if f == nil || f.PortalID != c.portal || f.hidden() && !slices.Contains(c.scopes, "files.ui_hidden.read") {
		return nil, notFound("file", id)
	}
	return f, nil
}

func (c *call) getFile() (*reply, error) {
	f, err := c.pathFile()
	if err != nil {
		return nil, err
	}
	return jsonReply(http.StatusOK, c.wireFile(f))
}

func (c *call) signFile() (*reply, error) {
	f, err := c.pathFile()
	if err != nil {
		return nil, err
	}
	seconds := 3600
	if text := c.r.URL.Query().Get("expirationSeconds"); text != "" {
		if seconds, err = strconv.Atoi(text); err != nil || seconds < 1 {
			return nil, invalid("expirationSeconds must be a positive number, not %q", text)
		}
	}
	expires := c.began.Add(time.Duration(seconds) * time.Second)
	return jsonReply(http.StatusOK, map[string]any{
		"url": signedURL(c.base(c.r), c.ClientSecret(), f.ID, expires), "expiresAt": stamp(expires),
		"name": f.Name, "extension": f.Extension, "type": f.kind(), "size": f.Size,
	})
}

// signedURL is an address that opens a file without a token until a time.
func signedURL(base, secret, id string, expires time.Time) string {
	at := strconv.FormatInt(expires.UnixMilli(), 10)
	return base + "/signed-files/" + id + "?" + url.Values{"expires": {at}, "signature": {hexDigest(secret, "file", id, at)}}.Encode()
}

func (c *call) downloadSigned() (*reply, error) {
	id, q := c.r.PathValue("fileId"), c.r.URL.Query()
	at, _ := strconv.ParseInt(q.Get("expires"), 10, 64)
	if !equalSecret(q.Get("signature"), hexDigest(c.ClientSecret(), "file", id, q.Get("expires"))) || c.began.UnixMilli() >= at {
		return nil, plainRefusal(http.StatusForbidden, "The signed URL is not valid, or not any more")
	}
	var f *file
	c.view(func(st *state) { f = st.files.get(id) })
	return c.download(f)
}

// downloadPublic serves a file at its url. That of a private file is a 404.
func (c *call) downloadPublic() (*reply, error) {
	var f *file
	c.view(func(st *state) { f = st.files.get(c.r.PathValue("fileId")) })
	if f == nil || !f.public() || portalKey(f.PortalID) != c.r.PathValue("portalId") {
		return nil, notFound("file", c.r.PathValue("fileId"))
	}
	return c.download(f)
}

func (c *call) downloadFile() (*reply, error) {
	f, err := c.pathFile()
	if err != nil {
		return nil, err
	}
	return c.download(f)
}

// download answers with a file's bytes, typed as HubSpot often does.
func (c *call) download(f *file) (*reply, error) {
	if f == nil {
		return nil, notFound("file", c.r.PathValue("fileId"))
	}
	content, err := c.fileContent(f.ID)
	if err != nil {
		return nil, err
	}
	return &reply{status: http.StatusOK, body: content, header: http.Header{
		"Content-Type":            {"application/octet-stream"},
		"Content-Disposition":     {"attachment"},
		"Content-Security-Policy": {"sandbox"},
		"X-Content-Type-Options":  {"nosniff"},
	}}, nil
}
