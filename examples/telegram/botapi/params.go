package botapi

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
)

// maxBody is how much a bot may send at once: 50 MB of a file, and its form.
const maxBody = 52 << 20

// params are the parameters of a call, however they came: in the query, as a form or as JSON.
type params struct {
	values map[string]string
	files  map[string]*multipart.FileHeader
}

func readParams(r *http.Request) (*params, error) {
	p := &params{values: map[string]string{}, files: map[string]*multipart.FileHeader{}}
	r.Body = http.MaxBytesReader(nil, r.Body, maxBody)
	contentType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	var err error
	switch contentType {
	case "application/json":
		err = p.readJSON(r.Body)
	case "multipart/form-data":
		if err = r.ParseMultipartForm(1 << 20); errors.Is(err, io.EOF) {
			err = nil // bots send an empty form where there are no parameters
		}
	default:
		err = r.ParseForm()
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, &apiError{code: http.StatusRequestEntityTooLarge, text: "Request Entity Too Large"}
	}
	if err != nil {
		return nil, badRequest("can't read the parameters: %v", err)
	}
	for name := range r.Form {
		p.values[name] = r.Form.Get(name)
	}
	if r.MultipartForm != nil {
		for name, list := range r.MultipartForm.File {
			p.files[name] = list[0]
		}
	}
	return p, nil
}

func (p *params) readJSON(body io.Reader) error {
	var members map[string]json.RawMessage
	if err := json.NewDecoder(body).Decode(&members); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	for name, value := range members {
		var text string
		if json.Unmarshal(value, &text) != nil {
			text = string(value)
		}
		p.values[name] = text
	}
	return nil
}

func (p *params) text(name string) string { return p.values[name] }

// number is 0 for a parameter that is missing or no number.
func (p *params) number(name string) int64 {
	n, _ := strconv.ParseInt(p.values[name], 10, 64)
	return n
}

// decode reads a parameter that is JSON. It does nothing for one that is missing.
func (p *params) decode(name string, v any) error {
	value := p.values[name]
	if value == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(value), v); err != nil {
		return badRequest("can't parse %s", name)
	}
	return nil
}
