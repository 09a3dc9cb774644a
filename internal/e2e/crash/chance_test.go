package crash

import (
	"maps"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// chance decides about faults. The seed fixes the sequence of decisions; which call meets which is up to the scheduler.
type chance struct {
	off atomic.Bool

	mu   sync.Mutex
	rand *rand.Rand
	met  map[string]int
}

// fault is something that goes wrong with a call, with its probability.
type fault struct {
	name string
	p    float64
}

func newChance(seed, stream uint64) *chance {
	return &chance{rand: rand.New(rand.NewPCG(seed, stream)), met: map[string]int{}}
}

// meet returns the name of the fault that a call meets, mostly "".
func (c *chance) meet(faults []fault) string {
	if c.off.Load() {
		return ""
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	roll := c.rand.Float64()
	for _, f := range faults {
		if roll < f.p {
			c.met[f.name]++
			return f.name
		}
		roll -= f.p
	}
	return ""
}

// pause is a random time of slowness.
func (c *chance) pause() {
	c.mu.Lock()
	d := time.Duration(20+c.rand.IntN(200)) * time.Millisecond
	c.mu.Unlock()
	time.Sleep(d)
}

// counts returns how often each fault was met.
func (c *chance) counts() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.met)
}
