package jsonx

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// maxQuoted bounds how much of a refused value an error repeats.
const maxQuoted = 40

// Kind returns the first byte of a JSON value, which tells its type: '{', '[', '"', a digit or '-', 't', 'f' or 'n'.
// It is 0 for empty input.
func Kind(data []byte) byte {
	if data = next(data); len(data) > 0 {
		return data[0]
	}
	return 0
}

// String decodes a JSON string or an integer into dst, an integer with all its digits. null leaves dst alone, as
// encoding/json does.
func String[T ~string](data []byte, dst *T) error {
	switch k := Kind(data); {
	case k == 'n':
		return nil
	case k == '"':
		if quoted := bytes.TrimSpace(data); len(quoted) >= 2 && quoted[len(quoted)-1] == '"' && plainString(quoted) {
			*dst = T(quoted[1 : len(quoted)-1])
			return nil
		}
		var s string
		if err := json.Unmarshal(data, &s); err != nil {
			return err
		}
		*dst = T(s)
		return nil
	case k == '-' || k >= '0' && k <= '9':
		digits := bytes.TrimSpace(data)
		if !isInteger(digits) {
			return mismatch(data, "a string or an integer")
		}
		*dst = T(digits)
		return nil
	}
	return mismatch(data, "a string or an integer")
}

// Int decodes a JSON integer, or a string that holds one, into dst. null and "" leave dst alone.
func Int[T ~int | ~int64](data []byte, dst *T) error {
	var s string
	if err := String(data, &s); err != nil {
		return err
	}
	if s == "" {
		return nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || int64(T(n)) != n {
		return mismatch(data, "an integer")
	}
	*dst = T(n)
	return nil
}

// Time decodes an RFC 3339 string or a number of milliseconds since 1970 (also in quotes) into dst. null and "" leave
// dst alone.
func Time(data []byte, dst *time.Time) error {
	var t time.Time
	if Kind(data) == '"' && t.UnmarshalJSON(data) == nil {
		*dst = t
		return nil
	}
	var s string
	if err := String(data, &s); err != nil {
		return mismatch(data, "a time")
	}
	if s == "" {
		return nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if ms, number := strconv.ParseInt(s, 10, 64); number == nil {
		t, err = time.UnixMilli(ms).UTC(), nil
	}
	if err != nil || t.Year() < 0 || t.Year() > 9999 { // JSON has no others
		return mismatch(data, "a time")
	}
	*dst = t
	return nil
}

// LooseTime decodes as [Time] does, and what is no time to the zero time: a record is not to be lost for a date that says
// nothing about what it means.
type LooseTime struct{ time.Time }

// UnmarshalJSON implements [json.Unmarshaler].
func (t *LooseTime) UnmarshalJSON(data []byte) error {
	t.Time = time.Time{}
	_ = Time(data, &t.Time)
	return nil
}

// Marshal encodes v like json.Marshal, but leaves <, > and & as they are.
func Marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func isInteger(digits []byte) bool {
	digits = bytes.TrimPrefix(digits, []byte("-"))
	for _, c := range digits {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(digits) > 0
}

func mismatch(data []byte, want string) error {
	if len(data) > maxQuoted {
		data = append(data[:maxQuoted:maxQuoted], "..."...)
	}
	return fmt.Errorf("want %s, got %q", want, data)
}
