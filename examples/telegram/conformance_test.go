package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/go-telegram/bot/models"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/bridgetest"
	"github.com/customchannels/customchannels-go/examples/telegram/botapi"
)

// stage is a Telegram with a bot and some customers. All stages are alike: their ids and tokens are the same.
type stage struct {
	telegram  *botapi.Server
	bot       *botapi.Bot
	customers []*botapi.Chat // the last has blocked the bot
	file      string
	url       string
}

func newStage(t *testing.T) *stage {
	s := &stage{telegram: botapi.New()}
	s.bot = s.telegram.AddBot("acme_bot")
	for _, name := range []string{"Ada", "Grace", "Edith", "Mallory"} {
		s.customers = append(s.customers, s.telegram.AddCustomer(name, "").Chat(s.bot))
	}
	s.customers[3].Block(true)
	s.file = s.telegram.AddFile("photo.jpg", []byte("\xff\xd8\xff\xe0 a photo"))
	server := httptest.NewServer(s.telegram)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *stage) address(n int) channels.DeliveryIdentifier {
	return channels.Opaque(chatID(s.customers[n].Customer().ID))
}

// fail has Telegram answer nothing else from now on.
func (s *stage) fail(method string, code int, description string, retryAfter int) (end func()) {
	s.telegram.Fail(botapi.Fault{Method: method, Code: code, Description: description, RetryAfter: retryAfter})
	return s.telegram.Heal
}

// delivered are all messages that customers got.
func (s *stage) delivered() []bridgetest.Delivery {
	var all []bridgetest.Delivery
	for _, m := range s.telegram.Sent(s.bot) {
		d := bridgetest.Delivery{To: chatID(m.ChatID), Text: m.Text}
		if m.Kind != "" {
			d.Files = [][]byte{m.Content}
		}
		all = append(all, d)
	}
	return all
}

// The channel does what the bridge expects of channels.
func TestChannel(t *testing.T) {
	s := newStage(t)
	o := bridgetest.ChannelOptions{
		Definition:  definition(),
		Account:     bridge.Account{Identifier: channels.Opaque(chatID(s.bot.ID)), Credentials: []byte(s.bot.Token)},
		Customers:   []channels.DeliveryIdentifier{s.address(0), s.address(1), s.address(2)},
		Blocked:     s.address(3),
		Values:      map[string]string{"token": s.bot.Token},
		WrongValues: []map[string]string{{"token": "hello"}, {"token": chatID(s.bot.ID) + ":guessed"}},
		Ref:         s.file,
		Delivered:   func(*testing.T) []bridgetest.Delivery { return s.delivered() },
		Down: func(*testing.T, channels.DeliveryIdentifier) func() {
			return s.fail("", 502, "Bad Gateway", 0)
		},
		Stall: func(*testing.T) func() {
			resumed := make(chan struct{})
			s.telegram.Fail(botapi.Fault{Do: func() { <-resumed }})
			return sync.OnceFunc(func() { close(resumed) })
		},
		Throttle: func(*testing.T) time.Duration {
			s.fail("", 429, "Too Many Requests: retry after 30", 30)
			return 30 * time.Second
		},
		Revoke: func(*testing.T) { s.telegram.Revoke(s.bot) },
		Write:  func(_ *testing.T, text string) { s.customers[0].Send(&models.Message{Text: text}) },
	}
	bridgetest.RunChannel(t, func(t *testing.T) bridge.Channel {
		s = newStage(t)
		web := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		t.Cleanup(web.CloseIdleConnections)
		return &telegram{url: s.url, client: client{web}, log: slog.New(slog.DiscardHandler)}
	}, o)
}
