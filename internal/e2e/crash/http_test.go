package crash

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// statusError is an answer that is no success.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("answered %d", int(e)) }

// post sends in as JSON and decodes the answer into out, unless that is nil.
func post(ctx context.Context, client *http.Client, url string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return err
	case resp.StatusCode != http.StatusOK:
		return statusError(resp.StatusCode)
	case out == nil:
		return nil
	}
	return json.Unmarshal(got, out)
}

// answer decodes a request, runs fn, and encodes what it returns.
func answer[T any](w http.ResponseWriter, r *http.Request, fn func(*T) (any, error)) {
	in := new(T)
	if err := json.NewDecoder(r.Body).Decode(in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	out, err := fn(in)
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	_ = json.NewEncoder(w).Encode(out) // the caller may be gone
}
