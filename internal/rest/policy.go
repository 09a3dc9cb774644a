package rest

import (
	"encoding/json"
	"net/http"
	"time"
)

// Policy bounds the attempts of a call.
type Policy struct {
	MaxAttempts int           // defaults to 5
	MaxElapsed  time.Duration // no attempt begins later than this after the first; defaults to 2 minutes
	MaxWait     time.Duration // a longer wait ends the call instead; defaults to 30 seconds
	Timeout     time.Duration // of one attempt, or of each pause in a stream; defaults to 30 seconds
}

func (p Policy) withDefaults() Policy {
	if p.MaxAttempts == 0 {
		p.MaxAttempts = 5
	}
	if p.MaxElapsed == 0 {
		p.MaxElapsed = 2 * time.Minute
	}
	if p.MaxWait == 0 {
		p.MaxWait = 30 * time.Second
	}
	if p.Timeout == 0 {
		p.Timeout = 30 * time.Second
	}
	return p
}

// pause is the wait before a second attempt: at least floor, and up to spread more. The spread doubles each time.
type pause struct{ floor, spread time.Duration }

// pauseAfter returns the pause that a failure asks for, and false if trying again is of no use. The numbers follow
// HubSpot's error page: a lock lasts 2 seconds, processing limits want a pause of seconds, the short rate limits have
// windows of 1 and 10 seconds, and the daily one resets at midnight.
func pauseAfter(f *Failure, err error) (pause, bool) {
	if f == nil {
		return pause{0, time.Second}, err != nil && !ended(err) && !untrusted(err)
	}
	switch f.StatusCode {
	case http.StatusTooManyRequests:
		switch policyName(f.Body) {
		case "DAILY":
			return pause{}, false
		case "SECONDLY":
			return pause{time.Second, time.Second}, true
		}
		return pause{2 * time.Second, 8 * time.Second}, true
	case http.StatusLocked:
		return pause{2 * time.Second, 2 * time.Second}, true
	case 477: // the portal is being moved to another data centre
		return pause{10 * time.Second, 10 * time.Second}, true
	case http.StatusRequestTimeout, http.StatusInternalServerError:
		return pause{0, 2 * time.Second}, true
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
		520, 521, 522, 523, 524, 525: // the network's edge could not reach HubSpot
		return pause{time.Second, 2 * time.Second}, true
	}
	return pause{}, false
}

// wait returns how long to wait after the made-th attempt. Retry-After replaces the floor and the doubling.
func (p Policy) wait(by pause, f *Failure, made int, jitter float64) time.Duration {
	if f != nil && f.Wait > 0 {
		return f.Wait + time.Duration(jitter*float64(time.Second))
	}
	spread := by.spread << min(made-1, 16)
	return min(by.floor+time.Duration(jitter*float64(spread)), p.MaxWait)
}

// policyName reads which limit a 429 is about.
func policyName(body []byte) string {
	var answer struct {
		PolicyName string `json:"policyName"`
	}
	_ = json.Unmarshal(body, &answer)
	return answer.PolicyName
}
