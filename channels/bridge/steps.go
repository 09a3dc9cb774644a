package bridge

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/customchannels/customchannels-go/messages"
)

// Delivered records that a part of the message has been delivered, for a [Channel] that sends one message in several
// steps: to several recipients, or a long text in pieces. What is recorded is kept when Send fails later on, and through a
// crash, so that the next Send can go on where this one ended; see [Outgoing.WasDelivered].
//
// step is any name that stands for the same part each time. Name a step after the recipient it goes to, the Value of the
// DeliveryIdentifier, and an agent whose message does not reach everybody in time reads who was missed. receiptID is the
// service's id, which counts as one of [Receipt.Parts]; it may be empty. Of a long text to several recipients name the first part
// after the recipient, and the others after the recipient and a number.
//
// An error means that the record would not survive a crash. Send may go on: it is saved with the end of the attempt.
func (m *Outgoing) Delivered(step, receiptID string) error {
	if m.steps == nil {
		m.steps = &steps{}
	}
	return m.steps.add(step, receiptID)
}

// WasDelivered reports whether a step was recorded by Delivered, in this Send or one before, and its receipt.
func (m *Outgoing) WasDelivered(step string) (receiptID string, ok bool) {
	if m.steps == nil {
		m.steps = &steps{}
	}
	return m.steps.find(step)
}

// outgoingProgress is how far the sending of a message has come.
type outgoingProgress struct {
	Steps []deliveredStep   `json:"steps,omitempty"`
	Lost  []messages.FileID `json:"lost,omitempty"` // files that are not to be had
}

type deliveredStep struct {
	Step    string `json:"step"`
	Receipt string `json:"receipt,omitempty"`
}

// steps are the parts of a message that were delivered, and the files that later attempts do without.
type steps struct {
	save func(progress []byte) error // nil where nothing is kept

	mu      sync.Mutex
	done    []deliveredStep
	lost    []messages.FileID
	open    []string // asked for, but not delivered
	unsaved bool
	over    bool // Send has returned
}

// loadSteps reads what earlier attempts have saved.
func loadSteps(progress []byte, save func([]byte) error) (*steps, error) {
	var p outgoingProgress
	if progress != nil {
		if err := json.Unmarshal(progress, &p); err != nil {
			return nil, err
		}
	}
	return &steps{done: p.Steps, lost: p.Lost, save: save}, nil
}

func (s *steps) add(step, receipt string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return errors.New("bridge: Delivered was called after Send had returned")
	}
	if s.index(step) >= 0 {
		return nil
	}
	s.done = append(s.done, deliveredStep{step, receipt})
	s.open = slices.DeleteFunc(s.open, func(o string) bool { return o == step })
	if s.save == nil {
		return nil
	}
	err := s.save(s.progress())
	s.unsaved = err != nil
	if err != nil {
		return fmt.Errorf("bridge: the step is not stored yet: %w", err)
	}
	return nil
}

func (s *steps) find(step string) (receipt string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.index(step); i >= 0 {
		return s.done[i].Receipt, true
	}
	if !slices.Contains(s.open, step) {
		s.open = append(s.open, step)
	}
	return "", false
}

func (s *steps) index(step string) int {
	return slices.IndexFunc(s.done, func(d deliveredStep) bool { return d.Step == step })
}

func (s *steps) progress() []byte { return marshal(outgoingProgress{s.done, s.lost}) }

// lose records that the next attempt has to do without a file. It is saved with the end of this one.
func (s *steps) lose(id messages.FileID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.lost, id) {
		s.lost, s.unsaved = append(s.lost, id), true
	}
}

// close ends the recording, and returns what is still to be saved, nil if nothing is.
func (s *steps) close() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	if !s.unsaved {
		return nil
	}
	return s.progress()
}

// receipts are the ids of all that was delivered, each once: the message's own first.
func (s *steps) receipts(r *Receipt) []string {
	var all []string
	add := func(id string) {
		if id != "" && !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	if r != nil {
		add(r.ID)
	}
	for _, d := range s.done {
		add(d.Receipt)
	}
	if r != nil {
		for _, id := range r.Parts {
			add(id)
		}
	}
	return all
}

// missed is what an agent reads of a message that was delivered in part, empty if nothing of it was.
func (s *steps) missed(recipients []messages.Participant) string {
	if len(s.done) == 0 {
		return ""
	}
	missed := s.open
	var others []string
	for _, r := range recipients {
		if s.index(r.DeliveryIdentifier.Value) < 0 {
			others = append(others, cmp.Or(r.Name, r.DeliveryIdentifier.Value))
		}
	}
	if len(others) < len(recipients) {
		missed = others // the steps are recipients
	}
	if len(missed) == 0 {
		return "It was delivered in part."
	}
	return "It was delivered in part. Not delivered: " + strings.Join(missed, ", ") + "."
}
