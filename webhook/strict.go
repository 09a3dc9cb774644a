package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"
)

// maxDepth bounds the nesting of an event; HubSpot's own have about six levels.
const maxDepth = 64

// checkStrict refuses what encoding/json lets pass and two readers of the same signed bytes may understand differently:
// names that occur twice in one object, of which it takes the last, and bytes that are not UTF-8, which it replaces. It
// expects nothing of body; what is not JSON is left for the decoder to refuse.
func checkStrict(body []byte) error {
	if !utf8.Valid(body) {
		return errors.New("the body is not valid UTF-8")
	}
	s := strictScanner{body: body}
	for s.pos < len(body) {
		if err := s.next(); err != nil {
			return err
		}
	}
	return nil
}

// strictScanner walks over a JSON text.
type strictScanner struct {
	body  []byte
	pos   int
	depth int
}

// next moves past the next token, or all of the object or array that it opens.
func (s *strictScanner) next() error {
	switch s.body[s.pos] {
	case '{', '[':
		if s.depth++; s.depth > maxDepth {
			return fmt.Errorf("the body is nested deeper than %d levels", maxDepth)
		}
		var err error
		if s.body[s.pos] == '{' {
			err = s.object()
		} else {
			err = s.array()
		}
		s.depth--
		return err
	case '"':
		s.pos += stringLength(s.body[s.pos:])
	default:
		s.pos++
	}
	return nil
}

func (s *strictScanner) array() error {
	for s.pos++; s.pos < len(s.body); {
		if s.body[s.pos] == ']' {
			s.pos++
			return nil
		}
		if err := s.next(); err != nil {
			return err
		}
	}
	return nil
}

func (s *strictScanner) object() error {
	var few [16][]byte // enough for most objects
	names := nameSet{list: few[:0]}
	expectName := true
	for s.pos++; s.pos < len(s.body); {
		switch c := s.body[s.pos]; {
		case c == '}':
			s.pos++
			return nil
		case c == '"' && expectName:
			start := s.pos
			s.pos += stringLength(s.body[start:])
			name := memberName(s.body[start:s.pos])
			if names.has(name) {
				return fmt.Errorf("the name %s occurs twice in one object", shorten(string(name)))
			}
			names.list = append(names.list, name)
			expectName = false
		default:
			expectName = expectName || c == ','
			if err := s.next(); err != nil {
				return err
			}
		}
	}
	return nil
}

// memberName returns a JSON string with its escapes resolved, so that equal names are equal bytes.
func memberName(quoted []byte) []byte {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return quoted
	}
	var name string
	if json.Unmarshal(quoted, &name) != nil {
		return quoted
	}
	return []byte(`"` + name + `"`)
}

// nameSet holds the names of one object.
type nameSet struct {
	list  [][]byte
	index map[string]bool // of list, once that is too long to be searched
}

func (n *nameSet) has(name []byte) bool {
	const indexFrom = 32
	if len(n.list) < indexFrom {
		return slices.ContainsFunc(n.list, func(other []byte) bool { return bytes.Equal(other, name) })
	}
	if n.index == nil {
		n.index = make(map[string]bool)
	}
	for _, other := range n.list[len(n.index):] { // those that came since the last look
		n.index[string(other)] = true
	}
	return n.index[string(name)]
}

// stringLength returns the length of the JSON string that b begins with, quotes included, or the rest of b if it has no
// end.
func stringLength(b []byte) int {
	for i := 1; i < len(b); {
		j := bytes.IndexByte(b[i:], '"')
		if j < 0 {
			break
		}
		end := i + j
		backslashes := 0
		for b[end-1-backslashes] == '\\' {
			backslashes++
		}
		if backslashes%2 == 0 {
			return end + 1
		}
		i = end + 1
	}
	return len(b)
}
