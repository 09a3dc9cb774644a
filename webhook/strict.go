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
	if start := bytes.IndexAny(body, "{["); start >= 0 {
		_, err := checkNames(body, start, 1)
		return err
	}
	return nil
}

// checkNames checks the object or array that begins at body[i], and all within, and returns where it ends.
func checkNames(body []byte, i, depth int) (end int, err error) {
	if depth > maxDepth {
		return i, fmt.Errorf("the body is nested deeper than %d levels", maxDepth)
	}
	isObject := body[i] == '{'
	expectName := isObject
	var few [16][]byte // enough for most objects, without an allocation
	names := nameSet{list: few[:0]}
	for i++; i < len(body); i++ {
		switch body[i] {
		case '}', ']':
			return i, nil
		case ',':
			expectName = isObject
		case '{', '[':
			if i, err = checkNames(body, i, depth+1); err != nil {
				return i, err
			}
		case '"':
			text := body[i : i+stringLength(body[i:])]
			if expectName {
				name := memberName(text)
				if names.has(name) {
					return i, fmt.Errorf("the name %s occurs twice in one object", shorten(string(name)))
				}
				names.list = append(names.list, name)
				expectName = false
			}
			i += len(text) - 1
		}
	}
	return i, nil
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
