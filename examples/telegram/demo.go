package main

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-telegram/bot/models"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/examples/telegram/botapi"
)

// demo is the app with what it is tried out with.
type demo struct {
	app       *app
	appLn     net.Listener
	hubspot   *hubspottest.Server
	hubspotLn net.Listener

	telegram   *botapi.Server // nil with a real bot, as are the next two
	telegramLn net.Listener
	customer   *botapi.Chat
}

// runDemo serves the app together with a simulated HubSpot, and a stand-in for Telegram where there is no bot.
func runDemo(ctx context.Context, o *options, dir string, log *slog.Logger, stdin io.Reader, stdout io.Writer) error {
	d := &demo{}
	if err := d.open(o, dir, log); err != nil {
		return errors.Join(err, d.close())
	}
	return d.run(ctx, o, stdin, stdout)
}

func (d *demo) open(o *options, dir string, log *slog.Logger) (err error) {
	if d.appLn, err = listenAt(&o.addr, "-addr"); err != nil {
		return err
	}
	if d.hubspotLn, err = listenAt(&o.hubspotAddr, "-hubspot-addr"); err != nil {
		return err
	}
	if o.standIn() {
		if d.telegramLn, err = listenAt(&o.telegramAddr, "-telegram-addr"); err != nil {
			return err
		}
		d.telegram = botapi.New()
		bot := d.telegram.AddBot("acme_support_bot")
		d.customer = d.telegram.AddCustomer("Ada", "Lovelace").Chat(bot)
		o.botAPI, o.botToken = "http://"+o.telegramAddr, bot.Token
	}
	if d.hubspot, err = newSimulator(o, dir, log); err != nil {
		return err
	}
	if d.app, err = newApp(o, d.appLn, dir, log); err != nil {
		return err
	}
	d.app.telegram.ownToken = o.botToken
	return nil
}

// close closes what was opened, for a demo that cannot run.
func (d *demo) close() (err error) {
	for _, ln := range []net.Listener{d.appLn, d.hubspotLn, d.telegramLn} {
		if ln != nil {
			err = errors.Join(err, ln.Close())
		}
	}
	if d.hubspot != nil {
		err = errors.Join(err, d.hubspot.Close())
	}
	return err
}

func (d *demo) run(ctx context.Context, o *options, stdin io.Reader, stdout io.Writer) error {
	d.app.work = append(d.app.work, func(ctx context.Context) error { return d.connect(ctx, o, stdout) })
	servers := []*server{
		{ln: d.hubspotLn, handler: d.hubspot, work: []func(context.Context) error{d.hubspot.Run}, close: d.hubspot.Close},
		&d.app.server,
	}
	if d.telegram != nil {
		go typing(d.telegram, d.customer, stdin, stdout) // ends with the input, which nothing can interrupt
		servers = append(servers, &server{ln: d.telegramLn, handler: d.telegram, work: []func(context.Context) error{
			func(ctx context.Context) error { return show(ctx, d.customer, stdout) },
		}})
	}
	return serve(ctx, servers...)
}

// listenAt is listen that says which port it got for port 0.
func listenAt(addr *string, flag string) (net.Listener, error) {
	ln, err := listen(*addr, flag)
	if err != nil {
		return nil, err
	}
	*addr = ln.Addr().String()
	return ln, nil
}

// newSimulator makes the HubSpot of the demo, and the credentials for it.
func newSimulator(o *options, dir string, log *slog.Logger) (*hubspottest.Server, error) {
	hs := hubspottest.New(hubspottest.Config{
		AppName:     channelName,
		InstallURL:  "http://" + o.addr + "/hubspot/install",
		Logger:      log,
		URL:         "http://" + o.hubspotAddr,
		RetryDelays: []time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second}, // HubSpot's are longer
	})
	if err := hs.Persist(filepath.Join(dir, "hubspot")); err != nil {
		return nil, err
	}
	o.hubspot = &credentials{
		BaseURL: hs.URL(), AppID: hs.AppID(), ClientID: hs.ClientID(), ClientSecret: hs.ClientSecret(), DeveloperKey: hs.DeveloperKey(),
		PublicURL: "http://" + o.addr,
	}
	return hs, nil
}

// connect does what an admin does in HubSpot's settings, unless that was done before.
func (d *demo) connect(ctx context.Context, o *options, stdout io.Writer) error {
	if len(d.hubspot.Accounts()) == 0 {
		if _, err := d.hubspot.InstallAndConnect(ctx); err != nil {
			return fmt.Errorf("the simulated admin could not connect the bot (is TELEGRAM_BOT_TOKEN right?): %w", err)
		}
	}
	what := "  Write to the bot in Telegram, " + d.hubspot.Accounts()[0].Name + ", and answer on the agent's page."
	if d.customer != nil {
		what = "  You are Ada, a customer. Write to the bot here, and answer on the agent's page.\n" + help
	}
	fmt.Fprintf(stdout, "\n  Agent      %s/\n\n%s\n\n  Stop with Ctrl-C.\n\n", o.hubspot.BaseURL, what)
	return nil
}

const help = `  /photo sends a picture, /tap LABEL presses a button, /reply answers the last message of the bot with what follows,
  /block and /unblock the bot. An agent makes buttons by a last line such as [Yes] [No].`

//go:embed cat.png
var cat []byte

// typing sends what is typed at the terminal as the customer.
func typing(telegram *botapi.Server, customer *botapi.Chat, stdin io.Reader, stdout io.Writer) {
	for lines := bufio.NewScanner(stdin); lines.Scan(); {
		command, rest, _ := strings.Cut(strings.TrimSpace(lines.Text()), " ")
		last := latest(customer)
		switch command {
		case "":
		case "/photo":
			id := telegram.AddFile("cat.png", cat)
			customer.Send(&models.Message{Caption: rest, Photo: []models.PhotoSize{{FileID: id, FileSize: len(cat)}}})
		case "/tap":
			if err := customer.Tap(last, rest); err != nil {
				fmt.Fprintln(stdout, err)
			}
		case "/reply":
			customer.Reply(last, rest)
		case "/block", "/unblock":
			customer.Block(command == "/block")
		default:
			customer.Write(lines.Text())
		}
	}
}

// latest is the id of the bot's last message, or 0.
func latest(customer *botapi.Chat) (id int) {
	for _, m := range customer.Messages() {
		if m.FromBot {
			id = m.ID
		}
	}
	return id
}

// show prints what the bot writes to the customer.
func show(ctx context.Context, customer *botapi.Chat, stdout io.Writer) error {
	for n := 0; ; {
		messages := customer.Next(ctx, n)
		if messages == nil {
			return nil
		}
		n += len(messages)
		for _, m := range messages {
			if !m.FromBot {
				continue
			}
			fmt.Fprintf(stdout, "  Bot: %s", m.Text)
			if m.Kind != "" {
				fmt.Fprintf(stdout, " (%s %s, %d bytes)", m.Kind, m.FileName, len(m.Content))
			}
			for _, row := range m.Buttons {
				fmt.Fprintf(stdout, "\n       [%s]", strings.Join(row, "] ["))
			}
			fmt.Fprintln(stdout)
		}
	}
}
