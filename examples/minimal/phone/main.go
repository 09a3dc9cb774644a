// Command phone plays a customer's phone and the SMS gateway behind it, in a terminal: a line that is typed goes to the
// example minimal as a message, and what the agent answers is printed. "/block" has further answers refused, "/unblock"
// takes them again.
package main

import (
	"bufio"
	"crypto/rand"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
)

const (
	app      = "http://127.0.0.1:8080/sms"
	listen   = "127.0.0.1:9090"
	customer = "+14155550123"
	shop     = "+14155550100"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("phone: ")
	p := &phone{app: app, key: os.Getenv("GATEWAY_KEY"), out: os.Stdout}
	if p.key == "" {
		log.Fatal("GATEWAY_KEY is not set; set it to the same secret as for minimal")
	}
	go func() { log.Fatal(http.ListenAndServe(listen, p)) }()
	fmt.Printf("This is the phone %s. Write a line and press Enter.\n", customer)
	p.typeAll(os.Stdin)
}

// phone is a gateway with one customer.
type phone struct {
	app     string // where the customer's messages go
	key     string
	out     io.Writer
	blocked atomic.Bool
}

// ServeHTTP takes an agent's message and answers with an id for it.
func (p *phone) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.PostFormValue("key") != p.key:
		http.Error(w, "wrong key", http.StatusUnauthorized)
	case p.blocked.Load():
		http.Error(w, "blocked", http.StatusForbidden)
	default:
		fmt.Fprintf(p.out, "%s: %s\n", r.PostFormValue("from"), r.PostFormValue("text"))
		fmt.Fprint(w, "sms-"+r.PostFormValue("id"))
	}
}

// typeAll sends what is typed, until the input ends.
func (p *phone) typeAll(in io.Reader) {
	for lines := bufio.NewScanner(in); lines.Scan(); {
		switch text := strings.TrimSpace(lines.Text()); text {
		case "":
		case "/block", "/unblock":
			p.blocked.Store(text == "/block")
		default:
			if err := p.send(text); err != nil {
				fmt.Fprintln(p.out, "(not sent:", err.Error()+")")
			}
		}
	}
}

func (p *phone) send(text string) error {
	resp, err := http.PostForm(p.app, url.Values{"key": {p.key}, "id": {rand.Text()}, "from": {customer}, "to": {shop}, "text": {text}})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		reason, _ := io.ReadAll(io.LimitReader(resp.Body, 1024))
		return fmt.Errorf("%s", strings.TrimSpace(string(reason)))
	}
	return nil
}
