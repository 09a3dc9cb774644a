package sqlstore

import (
	"strconv"
	"strings"
)

// maxRows bounds the rows of one statement. Smaller sets are cut into powers of two, so that few statements are prepared.
const maxRows = 64

// statement is a query with one "#" for a number of rows, each of them so many parameters. The parameters before the rows'
// are the first fixed ones.
type statement struct {
	query string
	fixed int // parameters that are the same for all rows
	width int // parameters of a row; 0 for a list of plain values
	rows  int
}

// text returns the query with numbered parameters in the place of "#".
func (st statement) text() string {
	var b strings.Builder
	n := st.fixed
	param := func() {
		n++
		b.WriteByte('?')
		b.WriteString(strconv.Itoa(n))
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

// insertRows runs an INSERT … VALUES # for all rows. each, if it is not nil, gets the rows that the query returns.
func (c *session) insertRows(query string, rows [][]any, each func(scan func(...any) error) error) error {
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

// with runs a query whose "IN (#)" stands for all values of a list. The lists are filled up to a power of two with their
// last value, which changes nothing.
func (c *session) with(query string, fixed []any, list []any, each func(scan func(...any) error) error) error {
	for len(list) > 0 {
		n := min(len(list), maxRows)
		size := 1
		for size < n {
			size *= 2
		}
		args := append(append(make([]any, 0, len(fixed)+size), fixed...), list[:n]...)
		for range size - n {
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

// anys is a list of parameters.
func anys[T any](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}
