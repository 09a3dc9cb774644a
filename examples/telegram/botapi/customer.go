package botapi

import (
	"context"
	"fmt"
	"slices"

	"github.com/go-telegram/bot/models"
)

// Customer is a person who uses Telegram.
type Customer struct {
	ID     int64
	server *Server
	user   models.User
}

// AddCustomer makes a person.
func (s *Server) AddCustomer(firstName, lastName string) *Customer {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := s.id()
	return &Customer{ID: id, server: s, user: models.User{ID: id, FirstName: firstName, LastName: lastName}}
}

// Chat is a customer's private chat with a bot. As on Telegram its id is that of the customer.
type Chat struct {
	customer *Customer
	bot      *botState
	blocked  bool
	messages []*models.Message
	seen     []Message
}

// Message is a message as the customer sees it.
type Message struct {
	ChatID  int64
	ID      int
	FromBot bool
	Text    string // what she reads, or a file's caption
	HTML    string // what the bot sent as text or caption
	ReplyTo int    // the id of the message that it answers, or 0
	Buttons [][]string

	Kind     string // of a file: "photo", "voice", …; empty for a text
	FileName string
	Content  []byte
}

// Chat opens the customer's chat with a bot, as her pressing of Start does.
func (c *Customer) Chat(b *Bot) *Chat {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	state := c.server.bots[b.Token]
	if state.chats[c.ID] == nil {
		state.chats[c.ID] = &Chat{customer: c, bot: state}
	}
	return state.chats[c.ID]
}

// Customer is whose chat it is.
func (c *Chat) Customer() *Customer { return c.customer }

// Write sends a text to the bot and returns the message's id.
func (c *Chat) Write(text string) int { return c.Send(&models.Message{Text: text}) }

// Reply answers a message of the chat.
func (c *Chat) Reply(messageID int, text string) int {
	return c.Send(&models.Message{Text: text, ReplyToMessage: &models.Message{ID: messageID}})
}

// Send sends any kind of message to the bot and returns its id. It fills in what the server knows: id, sender, chat, date,
// and the message that is answered. Files have to be there already: see [Server.AddFile].
func (c *Chat) Send(m *models.Message) int {
	c.customer.server.mu.Lock()
	defer c.customer.server.mu.Unlock()
	own := *m
	own.From = &c.customer.user
	if own.ReplyToMessage != nil {
		own.ReplyToMessage = c.find(own.ReplyToMessage.ID)
	}
	c.add(&own, &Message{Text: own.Text + own.Caption})
	c.customer.server.put(c.bot, &models.Update{Message: &own})
	return own.ID
}

// Edit changes the text of a message that the customer sent.
func (c *Chat) Edit(messageID int, text string) {
	c.customer.server.mu.Lock()
	defer c.customer.server.mu.Unlock()
	edited := *c.find(messageID)
	edited.Text, edited.EditDate = text, unix()
	c.customer.server.put(c.bot, &models.Update{EditedMessage: &edited})
}

// Tap presses a button below a message of the bot. It returns an error if there is no such button.
func (c *Chat) Tap(messageID int, label string) error {
	c.customer.server.mu.Lock()
	defer c.customer.server.mu.Unlock()
	m := c.find(messageID)
	if m == nil || m.ReplyMarkup == nil {
		return fmt.Errorf("botapi: message %d has no buttons", messageID)
	}
	for _, row := range m.ReplyMarkup.InlineKeyboard {
		for _, b := range row {
			if b.Text != label {
				continue
			}
			id := fmt.Sprint(c.customer.server.id())
			c.bot.taps[id] = true
			c.customer.server.put(c.bot, &models.Update{CallbackQuery: &models.CallbackQuery{
				ID: id, From: c.customer.user, Data: b.CallbackData, Message: models.MaybeInaccessibleMessage{Message: m},
			}})
			return nil
		}
	}
	return fmt.Errorf("botapi: message %d has no button %q", messageID, label)
}

// Waiting is how many taps the bot has not answered: the customer's app shows a progress bar on these buttons.
func (c *Chat) Waiting() int {
	c.customer.server.mu.Lock()
	defer c.customer.server.mu.Unlock()
	return len(c.bot.taps)
}

// Block stops the bot from writing to the customer, and lets it again.
func (c *Chat) Block(on bool) {
	c.customer.server.mu.Lock()
	defer c.customer.server.mu.Unlock()
	c.blocked = on
}

// Messages returns the chat, oldest first.
func (c *Chat) Messages() []Message {
	c.customer.server.mu.Lock()
	defer c.customer.server.mu.Unlock()
	return slices.Clone(c.seen)
}

// Sent returns what a bot has sent to all its customers, oldest first.
func (s *Server) Sent(b *Bot) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.bots[b.Token].sent)
}

// Next waits until the chat has more than n messages and returns those after the first n, or none when ctx has ended.
func (c *Chat) Next(ctx context.Context, n int) []Message {
	for {
		c.customer.server.mu.Lock()
		seen, news := slices.Clone(c.seen), c.customer.server.news
		c.customer.server.mu.Unlock()
		if len(seen) > n {
			return seen[n:]
		}
		select {
		case <-news:
		case <-ctx.Done():
			return nil
		}
	}
}

// add puts a message into the chat.
func (c *Chat) add(m *models.Message, seen *Message) {
	m.ID, m.Date = len(c.messages)+1, unix()
	m.Chat = models.Chat{ID: c.customer.ID, Type: models.ChatTypePrivate, FirstName: c.customer.user.FirstName, LastName: c.customer.user.LastName}
	c.messages = append(c.messages, m)
	seen.ChatID, seen.ID = c.customer.ID, m.ID
	if m.ReplyToMessage != nil {
		seen.ReplyTo = m.ReplyToMessage.ID
	}
	if m.ReplyMarkup != nil {
		for _, row := range m.ReplyMarkup.InlineKeyboard {
			var labels []string
			for _, b := range row {
				labels = append(labels, b.Text)
			}
			seen.Buttons = append(seen.Buttons, labels)
		}
	}
	c.seen = append(c.seen, *seen)
	if seen.FromBot {
		c.bot.sent = append(c.bot.sent, *seen)
	}
}

// find returns a message of the chat, or nil.
func (c *Chat) find(id int) *models.Message {
	if id < 1 || id > len(c.messages) {
		return nil
	}
	return c.messages[id-1]
}
