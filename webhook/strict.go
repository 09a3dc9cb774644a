package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
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
	var s strictScanner
	for i := 0; i < len(body); {
		switch body[i] {
		case '{', '[':
			if err := s.open(body[i] == '{'); err != nil {
				return err
			}
		case '}', ']':
			s.close()
		case ',':
			s.expectName = s.inObject()
		case '"':
			n := stringLength(body[i:])
			if s.expectName && n >= 2 {
				if err := s.name(body[i+1 : i+n-1]); err != nil {
					return err
				}
			}
			i += n
			continue
		}
		i++
	}
	return nil
}

// strictScanner follows the objects of a JSON text.
type strictScanner struct {
	levels     []level
	names      [][]byte // of all open objects, the innermost last
	expectName bool
}

type level struct {
	object bool
	first  int // index in names of the first name of this object
	// index holds the names of an object too large to be searched name by name.
	index map[string]bool
}

// indexFrom is the number of names from which a map is faster than a search.
const indexFrom = 32

func (s *strictScanner) open(object bool) error {
	if len(s.levels) == maxDepth {
		return fmt.Errorf("the body is nested deeper than %d levels", maxDepth)
	}
	s.levels = append(s.levels, level{object: object, first: len(s.names)})
	s.expectName = object
	return nil
}

func (s *strictScanner) close() {
	s.expectName = false
	if n := len(s.levels); n > 0 {
		s.names = s.names[:s.levels[n-1].first]
		s.levels = s.levels[:n-1]
	}
}

func (s *strictScanner) inObject() bool {
	return len(s.levels) > 0 && s.levels[len(s.levels)-1].object
}

// name takes in the name of a member, given as it stands between its quotes.
func (s *strictScanner) name(name []byte) error {
	s.expectName = false
	if bytes.IndexByte(name, '\\') >= 0 {
		var decoded string
		if json.Unmarshal(append(append([]byte{'"'}, name...), '"'), &decoded) == nil {
			name = []byte(decoded)
		}
	}
	l := &s.levels[len(s.levels)-1]
	if l.has(name, s.names[l.first:]) {
		return fmt.Errorf("the name %q occurs twice in one object", shorten(string(name)))
	}
	s.names = append(s.names, name)
	return nil
}

func (l *level) has(name []byte, names [][]byte) bool {
	if len(names) < indexFrom {
		for _, n := range names {
			if bytes.Equal(n, name) {
				return true
			}
		}
		return false
	}
	if l.index == nil {
		l.index = make(map[string]bool)
		for _, n := range names {
			l.index[string(n)] = true
		}
	}
	if l.index[string(name)] {
		return true
	}
	l.index[string(name)] = true
	return false
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
