package botapi

import (
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"path"
	"time"

	"github.com/go-telegram/bot/models"
)

const (
	maxDownload = 20 << 20  // bytes of a file that a bot can get
	linkLife    = time.Hour // of a link to a file
)

// file is a file on Telegram's servers.
type file struct {
	id      string
	name    string
	content []byte
}

// link is what getFile makes.
type link struct {
	file *file
	ends time.Time
}

// AddFile puts a file on the server, as a customer's app does before it sends the file, and returns its file id.
func (s *Server) AddFile(name string, content []byte) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addFile(name, content).id
}

func (s *Server) addFile(name string, content []byte) *file {
	f := &file{id: fmt.Sprintf("file-%d", s.id()), name: name, content: content}
	s.files[f.id] = f
	return f
}

// upload is the file that a bot sends: a new one, or one whose id it knows.
func (s *Server) upload(p *params, field string) (*file, error) {
	if header := p.files[field]; header != nil {
		content, err := read(header)
		if err != nil {
			return nil, err
		}
		if len(content) == 0 {
			return nil, badRequest("file must be non-empty")
		}
		return s.addFile(path.Base(header.Filename), content), nil
	}
	if f := s.files[p.text(field)]; f != nil {
		return f, nil
	}
	return nil, badRequest("wrong remote file identifier specified: can't unserialize it")
}

func read(header *multipart.FileHeader) ([]byte, error) {
	f, err := header.Open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

func (s *Server) getFile(id string) (*models.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.files[id]
	if f == nil {
		return nil, badRequest("invalid file_id")
	}
	if len(f.content) > maxDownload {
		return nil, badRequest("file is too big")
	}
	where := fmt.Sprintf("%d/file%s", s.id(), path.Ext(f.name))
	s.links[where] = &link{f, time.Now().Add(linkLife)}
	return &models.File{FileID: f.id, FileUniqueID: "u" + f.id, FileSize: int64(len(f.content)), FilePath: where}, nil
}

func (s *Server) download(w http.ResponseWriter, token, where string) {
	if _, err := s.bot(token); err != nil {
		writeError(w, err)
		return
	}
	s.mu.Lock()
	l := s.links[where]
	s.mu.Unlock()
	if l == nil || time.Now().After(l.ends) {
		writeError(w, &apiError{code: http.StatusNotFound, text: "Not Found"})
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = w.Write(l.file.content) // an error means that the caller is gone
}
