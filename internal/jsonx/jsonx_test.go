package jsonx_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/customchannels/customchannels-go/internal/jsonx"
)

func TestString(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in      string
		want    string
		wantErr bool
	}{
		{in: `"918273"`, want: "918273"},
		{in: `918273`, want: "918273"},
		{in: ` 247729059090 `, want: "247729059090"},
		{in: `9007199254740993`, want: "9007199254740993"}, // does not fit a float64
		{in: `-1`, want: "-1"},
		{in: `"a\u00e9\n"`, want: "aé\n"},
		{in: `"héllo"`, want: "héllo"},
		{in: `""`, want: ""},
		{in: `null`, want: "before"},
		{in: `1.5`, wantErr: true},
		{in: `1e3`, wantErr: true},
		{in: `true`, wantErr: true},
		{in: `{"id":1}`, wantErr: true},
		{in: `[1]`, wantErr: true},
		{in: `"open`, wantErr: true},
		{in: ``, wantErr: true},
	} {
		got := "before"
		err := jsonx.String([]byte(tt.in), &got)
		if (err != nil) != tt.wantErr {
			t.Errorf("String(%s) error = %v, want error %v", tt.in, err, tt.wantErr)
		}
		if err == nil && got != tt.want {
			t.Errorf("String(%s) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestInt(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in      string
		want    int64
		wantErr bool
	}{
		{in: `42`, want: 42},
		{in: `"42"`, want: 42},
		{in: `""`, want: 7},
		{in: `null`, want: 7},
		{in: `"x"`, wantErr: true},
		{in: `9223372036854775808`, wantErr: true},
	} {
		got := int64(7)
		err := jsonx.Int([]byte(tt.in), &got)
		if (err != nil) != tt.wantErr || err == nil && got != tt.want {
			t.Errorf("Int(%s) = %d, %v, want %d, error %v", tt.in, got, err, tt.want, tt.wantErr)
		}
	}
}

func TestTime(t *testing.T) {
	t.Parallel()
	want := time.Date(2026, 10, 1, 9, 20, 0, 250e6, time.UTC)
	for _, in := range []string{
		`"2026-10-01T09:20:00.250Z"`, `"2026-10-01T11:20:00.250+02:00"`, `1790846400250`, `"1790846400250"`,
	} {
		var got time.Time
		if err := jsonx.Time([]byte(in), &got); err != nil || !got.Equal(want) {
			t.Errorf("Time(%s) = %v, %v, want %v", in, got, err, want)
		}
	}
	for _, in := range []string{`"soon"`, `{}`, `1.5`, `9223372036854775807`, `-9223372036854775808`} {
		var got time.Time
		if err := jsonx.Time([]byte(in), &got); err == nil {
			t.Errorf("Time(%s) = %v, want an error", in, got)
		}
	}
	for _, in := range []string{`null`, `""`} {
		var got time.Time
		if err := jsonx.Time([]byte(in), &got); err != nil || !got.IsZero() {
			t.Errorf("Time(%s) = %v, %v, want the zero time", in, got, err)
		}
	}
}

func TestLooseTime(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 10, 1, 9, 20, 0, 0, time.UTC)
	for in, want := range map[string]time.Time{
		`"2026-10-01T09:20:00Z"`: at, `1790846400000`: at,
		`null`: {}, `""`: {}, `"soon"`: {}, `true`: {}, `{}`: {}, `[1]`: {}, `1e99`: {}, `9223372036854775807`: {},
	} {
		got := jsonx.LooseTime{Time: at.AddDate(1, 0, 0)}
		if err := json.Unmarshal([]byte(in), &got); err != nil || !got.Equal(want) {
			t.Errorf("%s decoded to %v, %v, want %v", in, got, err, want)
		}
	}
}

func TestMarshalKeepsHTML(t *testing.T) {
	t.Parallel()
	got, err := jsonx.Marshal(map[string]string{"richText": "<b>a & b</b>"})
	if want := `{"richText":"<b>a & b</b>"}`; err != nil || string(got) != want {
		t.Errorf("Marshal = %s, %v, want %s", got, err, want)
	}
}

// FuzzString checks that a value which encoding/json takes as a string comes out the same here.
func FuzzString(f *testing.F) {
	for _, seed := range []string{`"a"`, `"\ud83d\ude00"`, `"\ud83d"`, "\"\xff\"", `12`, `-`, `null`, `"\""`, ` "x" `} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var want, got string
		wantErr := json.Unmarshal(data, &want)
		gotErr := jsonx.String(data, &got)
		if wantErr == nil && (gotErr != nil || got != want) {
			t.Errorf("String(%q) = %q, %v, want %q", data, got, gotErr, want)
		}
	})
}

func TestWalksRefuseOtherJSON(t *testing.T) {
	t.Parallel()
	for _, in := range []string{``, `null`, `"x"`, `7`, `{"a":1`, `{"a" 1}`, `{} x`, `[1,]`, `[1`} {
		if o, err := jsonx.NewObject([]byte(in)); err == nil || o.Next() {
			t.Errorf("NewObject(%s) = %v, want an error and no members", in, err)
		}
		if l, err := jsonx.NewList([]byte(in)); err == nil || l.Next() {
			t.Errorf("NewList(%s) = %v, want an error and no elements", in, err)
		}
	}
}

// FuzzWalk checks that the members of an object and the elements of a list are those that encoding/json finds.
func FuzzWalk(f *testing.F) {
	for _, seed := range []string{
		`{}`, ` { "a" : 1 , "b":[{"c":"}"},[]] } `, `{"a":"\\","b\u0041":"\"","":null}`, `{"a":-1.5e3,"a":true}`, `[]`, ` [ 1 ,"]",[2],{"a":[]} ] `, "[\n]",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var wantMembers map[string]json.RawMessage
		o, err := jsonx.NewObject(data)
		if valid := json.Unmarshal(data, &wantMembers) == nil && wantMembers != nil; valid != (err == nil) {
			t.Fatalf("NewObject(%q) = %v, want an error: %v", data, err, !valid)
		}
		members := map[string]json.RawMessage{}
		for o.Next() {
			members[string(o.Key)] = o.Value
		}
		if diff := cmp.Diff(wantMembers, members, cmpopts.EquateEmpty()); diff != "" && err == nil {
			t.Errorf("the members of %q:\n%s", data, diff)
		}
		var wantElements, elements []json.RawMessage
		l, err := jsonx.NewList(data)
		if valid := json.Unmarshal(data, &wantElements) == nil && wantElements != nil; valid != (err == nil) {
			t.Fatalf("NewList(%q) = %v, want an error: %v", data, err, !valid)
		}
		for l.Next() {
			elements = append(elements, l.Value)
		}
		if diff := cmp.Diff(wantElements, elements, cmpopts.EquateEmpty()); diff != "" && err == nil {
			t.Errorf("the elements of %q:\n%s", data, diff)
		}
	})
}
