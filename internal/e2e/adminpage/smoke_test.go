package adminpage

import "testing"

func TestSmoke(t *testing.T) {
	w := newWorld(t)
	p := w.open("", "#/settings")
	p.keep("settings")
}
