package sqlstore

import (
	"fmt"
	"strconv"
	"strings"
)

// insertRows runs a query whose VALUES # stands for all rows, an INSERT as a rule. each, if it is not nil, gets the rows that the query returns.
func (c *session) insertRows(query string, rows [][]any, each func(scan func(...any) error) error) error {
	if c.engine.arrays && len(rows) > 0 {
		columns, casts := transpose(rows)
		text := strings.Replace(query, "VALUES #", "SELECT * FROM unnest("+casts+")", 1)
		return c.runOrEach(text, columns, each)
	}
	for len(rows) > 0 {
		n := maxRows
		for n > len(rows) {
			n /= 2
		}
		args := make([]any, 0, n*len(rows[0]))
		for _, row := range rows[:n] {
			args = append(args, row...)
		}
		text := c.expand(statement{query: query, width: len(rows[0]), rows: n})
		if err := c.runOrEach(text, args, each); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// with runs a query whose "IN (#)" stands for all values of a list.
func (c *session) with(query string, fixed []any, list []any, each func(scan func(...any) error) error) error {
	if c.engine.arrays && len(list) > 0 {
		values, cast := array(list, func(v any) any { return v })
		text := strings.Replace(query, "IN (#)", fmt.Sprintf("= ANY(?%d::%s)", len(fixed)+1, cast), 1)
		return c.runOrEach(text, append(append([]any(nil), fixed...), values), each)
	}
	for len(list) > 0 {
		n := min(len(list), maxRows)
		size := 1
		for size < n {
			size *= 2
		}
		args := append(append(make([]any, 0, len(fixed)+size), fixed...), list[:n]...)
		for range size - n { // filled up with the last value, which changes nothing
			args = append(args, list[n-1])
		}
		text := c.expand(statement{query: query, fixed: len(fixed), rows: size})
		if err := c.runOrEach(text, args, each); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

func (c *session) runOrEach(text string, args []any, each func(scan func(...any) error) error) error {
	if each == nil {
		return c.run(text, args...)
	}
	return c.each(text, args, each)
}

// Where the database takes arrays, one statement of one form does for any number of rows. Each costs a journey there and back.

// transpose turns rows into an array for each column, and says how the parameters are read as such.
func transpose(rows [][]any) (columns []any, casts string) {
	var names []string
	for i := range rows[0] {
		values, cast := array(rows, func(row []any) any { return row[i] })
		columns = append(columns, values)
		names = append(names, fmt.Sprintf("?%d::%s", i+1, cast))
	}
	return columns, strings.Join(names, ", ")
}

// array returns the values of a list as a slice of their own type, which is that of the first.
func array[T any](list []T, value func(T) any) (values any, cast string) {
	switch value(list[0]).(type) {
	case []byte:
		return slice[[]byte](list, value), "bytea[]"
	case string:
		return slice[string](list, value), "text[]"
	case int:
		return slice[int](list, value), "bigint[]"
	}
	return slice[int64](list, value), "bigint[]"
}

func slice[V, T any](list []T, value func(T) any) []V {
	out := make([]V, len(list))
	for i, v := range list {
		out[i] = value(v).(V)
	}
	return out
}

// Where it does not, statements have up to maxRows rows, their numbers powers of two so that few of them are prepared.

const maxRows = 64

// statement is a query with one "#" for a number of rows, each of them so many parameters. The parameters before the rows'
// are the first fixed ones.
type statement struct {
	query string
	fixed int // parameters that are the same for all rows
	width int // parameters of a row; 0 for a list of plain values
	rows  int
}

// text returns the query with parameters in the place of "#". The first follows the fixed ones, each of the others the one
// before it: they have no numbers, which the driver would look up for each, in a list of them all.
func (st statement) text() string {
	var b strings.Builder
	first := true
	param := func() {
		b.WriteByte('?')
		if first {
			b.WriteString(strconv.Itoa(st.fixed + 1))
		}
		first = false
	}
	for row := range st.rows {
		if row > 0 {
			b.WriteByte(',')
		}
		if st.width == 0 {
			param()
			continue
		}
		b.WriteByte('(')
		for col := range st.width {
			if col > 0 {
				b.WriteByte(',')
			}
			param()
		}
		b.WriteByte(')')
	}
	return strings.Replace(st.query, "#", b.String(), 1)
}

// expand returns the text of a statement, which is the same string each time.
func (c *session) expand(st statement) string {
	text, ok := c.texts[st]
	if !ok {
		text = st.text()
		c.texts[st] = text
	}
	return text
}

// anys is a list of parameters.
func anys[T any](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}
