package hubspottest

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// fileImport is an import of a file by URL. The file is fetched while the call
// that asks for it runs; the task is told to be at work once, so that a client
// has to ask again.
type fileImport struct {
	ID          string    `json:"id"`
	PortalID    int64     `json:"portalId"`
	FileID      string    `json:"fileId,omitempty"`
	Problem     string    `json:"problem,omitempty"`
	Asked       bool      `json:"asked,omitempty"`
	StartedAt   time.Time `json:"startedAt"`
	CompletedAt time.Time `json:"completedAt"`
	Seq         int64     `json:"seq"`
}

func (i fileImport) order() int64 { return i.Seq }

// importBody is what is to be imported, in the fields that are simulated.
type importBody struct {
	URL      string `json:"url"`
	Access   string `json:"access"`
	Name     string `json:"name"`
	Folder   string `json:"folderPath"`
	FolderID string `json:"folderId"`
	TTL      string `json:"ttl"`
	Scope    string `json:"duplicateValidationScope"`
	Strategy string `json:"duplicateValidationStrategy"`
	Replace  *bool  `json:"overwrite"`
}

func (b *importBody) check() error {
	var p problems
	if u, err := url.Parse(b.URL); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		p.add("url", "url must be an absolute URL")
	}
	if !slices.Contains(accessKinds, b.Access) {
		p.add("access", "access must be one of %s", strings.Join(accessKinds, ", "))
	}
	if !slices.Contains([]string{"", "ENTIRE_PORTAL", "EXACT_FOLDER"}, b.Scope) {
		p.add("duplicateValidationScope", "duplicateValidationScope must be ENTIRE_PORTAL or EXACT_FOLDER")
	}
	if !slices.Contains([]string{"", "NONE", "REJECT", "RETURN_EXISTING"}, b.Strategy) {
		p.add("duplicateValidationStrategy", "duplicateValidationStrategy must be NONE, REJECT or RETURN_EXISTING")
	}
	if b.Folder != "" && b.FolderID != "" {
		p.add("folderPath", "Only one of folderId and folderPath may be set")
	}
	return p.err()
}

func (c *call) importFile() (*reply, error) {
	var body importBody
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	if err := body.check(); err != nil {
		return nil, err
	}
	task := &fileImport{PortalID: c.portal, StartedAt: c.began}
	f, err := c.fetch(&body)
	if err != nil {
		task.Problem = err.Error()
	} else {
		task.FileID = f.ID
	}
	err = c.update(func(tx *tx) error {
		task.Seq, task.CompletedAt = tx.next(), tx.now
		task.ID = strconv.FormatInt(310000+task.Seq, 10)
		tx.imports.put(tx, task.ID, task)
		return nil
	})
	if err != nil {
		return nil, err
	}
	link := c.base(c.r) + c.r.URL.Path + "/tasks/" + task.ID + "/status"
	return jsonReply(http.StatusAccepted, map[string]any{"id": task.ID, "links": map[string]string{"status": link}})
}

// fetch loads the file and stores it.
func (c *call) fetch(b *importBody) (*file, error) {
	req, err := http.NewRequestWithContext(c.r.Context(), http.MethodGet, b.URL, nil)
	if err != nil {
		return nil, errors.New("the URL cannot be opened")
	}
	resp, err := c.cfg.HTTPClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("the URL did not answer: %w", withoutURL(err))
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(io.LimitReader(resp.Body, maxUpload+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("the file broke off: %w", withoutURL(err))
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("the URL answered %d", resp.StatusCode)
	case len(content) > maxUpload:
		return nil, fmt.Errorf("the file is larger than %d bytes", maxUpload)
	}
	f := &file{PortalID: c.portal, Folder: cmp.Or(b.Folder, "/"), Access: b.Access}
	f.describe(cmp.Or(b.Name, path.Base(req.URL.Path)), resp.Header.Get("Content-Type"), content)
	if f.Extension == "" {
		f.Extension = strings.TrimPrefix(path.Ext(req.URL.Path), ".")
	}
	return f, c.storeFile(f, content)
}

func (c *call) importStatus() (*reply, error) {
	id := c.r.PathValue("taskId")
	var done *file
	answer := map[string]any{"taskId": id, "status": "PROCESSING"}
	err := c.update(func(tx *tx) error {
		task := tx.imports.get(id)
		if task == nil || task.PortalID != c.portal {
			return notFound("task", id)
		}
		answer["startedAt"], answer["completedAt"] = stamp(task.StartedAt), stamp(task.CompletedAt)
		if !task.Asked {
			task.Asked = true
			tx.imports.put(tx, id, task)
			return nil
		}
		answer["status"] = "COMPLETE"
		if task.Problem != "" {
			answer["numErrors"] = 1
			answer["errors"] = []any{map[string]any{
				"status": "error", "category": "VALIDATION_ERROR", "message": task.Problem,
				"context": map[string][]string{}, "errors": []any{}, "links": map[string]string{},
			}}
			return nil
		}
		done = tx.files.get(task.FileID)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if done != nil {
		answer["result"] = c.wireFile(done)
	}
	return jsonReply(http.StatusOK, answer)
}
