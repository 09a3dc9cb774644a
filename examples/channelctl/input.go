package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
)

// readJSON decodes a file, or standard input if it is called -. A field that dst has no place for is an error: it would
// be lost without a word.
func (s *session) readJSON(ctx context.Context, name string, dst any, ignored ...string) error {
	data, err := s.readFile(ctx, name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, dst); err != nil {
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			line := 1 + strings.Count(string(data[:min(int(syntax.Offset), len(data))]), "\n")
			return fmt.Errorf("%s: line %d: %w", name, line, err)
		}
		return fmt.Errorf("%s: %w", name, err)
	}
	again, err := json.Marshal(dst)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	var given, kept any
	if err := errors.Join(json.Unmarshal(data, &given), json.Unmarshal(again, &kept)); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	object, ok := given.(map[string]any)
	if !ok {
		return fmt.Errorf("%s: a JSON object is expected", name)
	}
	for _, field := range ignored {
		delete(object, field)
	}
	if fields := lost("", object, kept); len(fields) > 0 {
		slices.Sort(fields)
		return fmt.Errorf("%s: unknown field %s", name, strings.Join(fields, ", "))
	}
	return nil
}

func (s *session) readFile(ctx context.Context, name string) ([]byte, error) {
	if name != "-" {
		return os.ReadFile(name)
	}
	return await(ctx, func() ([]byte, error) { return io.ReadAll(s.in) })
}

// lost names the fields that have a value in what was given and are not there in what was kept of it.
func lost(path string, given, kept any) (fields []string) {
	switch given := given.(type) {
	case map[string]any:
		kept, _ := kept.(map[string]any)
		for name, value := range given {
			inner := strings.TrimPrefix(path+"."+name, ".")
			if _, ok := kept[name]; ok {
				fields = append(fields, lost(inner, value, kept[name])...)
			} else if !blank(value) {
				fields = append(fields, inner)
			}
		}
	case []any:
		kept, _ := kept.([]any)
		for i, value := range given {
			if i < len(kept) {
				fields = append(fields, lost(fmt.Sprintf("%s[%d]", path, i), value, kept[i])...)
			}
		}
	}
	return fields
}

// blank reports whether leaving out the value says the same.
func blank(value any) bool {
	v := reflect.ValueOf(value)
	switch v.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	}
	return v.IsZero()
}

// canAsk returns an error if a command has to ask and nobody is there.
func (s *session) canAsk(yes bool, command string) error {
	if !yes && !s.interactive {
		return usagef("%s asks first, and standard input is no terminal: add -yes", command)
	}
	return nil
}

// confirm asks the person at the terminal before what cannot be undone.
func (s *session) confirm(ctx context.Context, question string) error {
	fmt.Fprintf(s.err, "%s [y/N] ", question)
	answer, err := await(ctx, func() (string, error) { return bufio.NewReader(s.in).ReadString('\n') })
	if err != nil {
		fmt.Fprintln(s.err)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return errors.New("not confirmed: nothing was done")
}

// await lets Ctrl-C end a read from the terminal, which nothing else can interrupt. The read then ends with the process.
func await[T any](ctx context.Context, read func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := read()
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, errInterrupted
	}
}
