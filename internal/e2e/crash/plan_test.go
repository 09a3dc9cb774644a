package crash

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// The ends of a child that are not aimed at a stage.
const (
	atRandom = "at random"
	graceful = "graceful stop"
	frozen   = "frozen"
)

// maxEnds is how many ends are planned at most, with those that are tried again.
const maxEnds = 400

// freezeTime is longer than a node lives without a sign of life.
const freezeTime = 18 * time.Second

// end is how a child ends: at a stage or, after a while, just so.
type end struct {
	how    string
	after  time.Duration // at random: from the start on
	linger time.Duration // at a stage: from there on; the rest of the child goes on meanwhile
}

// planEnds draws the ends in a random order.
func planEnds(seed uint64, s size) []end {
	r := rand.New(rand.NewPCG(seed, 4))
	var plan []end
	add := func(how string, n int) {
		for range n {
			plan = append(plan, end{
				how:    how,
				after:  time.Duration(r.IntN(int(s.longest))),
				linger: time.Duration(r.IntN(int(15 * time.Millisecond))),
			})
		}
	}
	for _, stage := range stages {
		add(stage, s.perStage)
	}
	add(atRandom, s.random)
	add(graceful, s.graceful)
	add(frozen, s.frozen)
	r.Shuffle(len(plan), func(i, j int) { plan[i], plan[j] = plan[j], plan[i] })
	return plan
}

// run has work begin for the child p and ends it as planned. It returns how it ended: a stage may not be reached.
func (w *world) run(p *process, e end, begin func()) (how string, err error) {
	switch e.how {
	case duringRefresh:
		w.hubspot.expireAll()
	case atRandom, graceful, frozen:
		begin()
		time.Sleep(e.after)
	}
	switch e.how {
	case atRandom:
		return e.how, p.kill()
	case graceful:
		return e.how, p.stop()
	case frozen:
		w.hubspot.keepTokens(freezeTime + w.size.tokenLife())
		return e.how, p.freeze(freezeTime)
	}
	if err := p.arm(e.how); err != nil {
		return "", err
	}
	begin()
	if !p.reached() {
		return atRandom, p.kill()
	}
	time.Sleep(e.linger)
	return e.how, p.kill()
}

// crash ends one child after the other while the traffic flows, and counts how they ended. A stage that was missed is
// tried again, at the end, with more messages.
func (w *world) crash(tr *traffic) (map[string]int, error) {
	plan := planEnds(w.size.seed, w.size)
	quota := w.quota(len(plan))
	counts := map[string]int{}
	for i := 0; i < len(plan) && w.ctx.Err() == nil; i++ {
		if err := w.startAll(); err != nil {
			return nil, err
		}
		victim := i % len(w.children)
		how, err := w.run(w.children[victim], plan[i], func() { tr.release(quota) })
		if err != nil {
			return nil, fmt.Errorf("end %d (%s): %w", i, plan[i].how, err)
		}
		if how != frozen {
			w.children[victim] = nil
		}
		counts[how]++
		if how != plan[i].how && len(plan) < maxEnds {
			plan = append(plan, plan[i])
		}
	}
	return counts, w.ctx.Err()
}

// startAll starts the children that do not run.
func (w *world) startAll() (err error) {
	for i, p := range w.children {
		if p == nil {
			if w.children[i], err = w.start(); err != nil {
				return err
			}
		}
	}
	return nil
}

// stopAll stops all children gracefully.
func (w *world) stopAll() error {
	var errs []error
	for _, p := range w.children {
		errs = append(errs, p.stop())
	}
	return errors.Join(errs...)
}
