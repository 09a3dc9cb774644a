package hubspottest

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// developerRoutes are what the app's developer looks at and turns.
func (s *Server) developerRoutes(mux *http.ServeMux) {
	for pattern, run := range map[string]func(*pageCall) (*pageAnswer, error){
		"GET /simulator/api/developer":              (*pageCall).developer,
		"PUT /simulator/api/developer":              (*pageCall).setDeveloper,
		"POST /simulator/api/developer/credentials": (*pageCall).credentials,
		"GET /simulator/api/knobs":                  (*pageCall).knobs,
		"PUT /simulator/api/knobs":                  (*pageCall).setKnobs,
		"GET /simulator/api/faults":                 (*pageCall).listFaults,
		"POST /simulator/api/faults":                (*pageCall).addFault,
		"DELETE /simulator/api/faults":              (*pageCall).clearFaults,
		"DELETE /simulator/api/faults/{id}":         (*pageCall).removeFault,
		"GET /simulator/api/clock":                  (*pageCall).readClock,
		"POST /simulator/api/clock":                 (*pageCall).moveClock,
		"GET /simulator/journal":                    (*pageCall).readJournal,
		"POST /simulator/api/webhooks/{id}/replay":  (*pageCall).replayWebhook,
	} {
		mux.HandleFunc(pattern, s.page(run))
	}
	mux.HandleFunc("DELETE /simulator/journal", func(w http.ResponseWriter, _ *http.Request) {
		s.ClearJournal()
		w.WriteHeader(http.StatusNoContent)
	})
}

// pageInstall is an install as the developer sees it.
type pageInstall struct {
	PortalID    int64     `json:"portalId"`
	UserID      int64     `json:"userId"`
	Scopes      []string  `json:"scopes"`
	InstalledAt time.Time `json:"installedAt"`
}

// pageDelivery is a webhook that the app has not accepted yet.
type pageDelivery struct {
	ID        string    `json:"id"`
	Operation string    `json:"operation"`
	PortalID  int64     `json:"portalId"`
	ChannelID string    `json:"channelId,omitempty"`
	Attempts  int       `json:"attempts"`
	NextAt    time.Time `json:"nextAt,omitzero"`
	Request   string    `json:"request"`
}

type pageDeveloper struct {
	pageApp
	BaseURL       string         `json:"baseUrl"`
	AppWebhookURL string         `json:"appWebhookUrl"`
	RedirectURL   string         `json:"redirectUrl"`
	Scopes        []string       `json:"scopes"`
	Channels      []wireChannel  `json:"channels"`
	Installs      []pageInstall  `json:"installs"`
	Waiting       []pageDelivery `json:"waiting"`
}

func (c *pageCall) developer() (*pageAnswer, error) {
	shown := pageDeveloper{BaseURL: c.base(c.r), Channels: []wireChannel{}, Installs: []pageInstall{}, Waiting: []pageDelivery{}}
	c.view(func(st *state) {
		app := st.app()
		shown.pageApp = pageApp{ID: c.cfg.AppID, Name: c.cfg.AppName, ClientID: app.ClientID, InstallURL: c.installURL}
		shown.AppWebhookURL, shown.RedirectURL, shown.Scopes = c.appWebhookURL, app.RedirectURL, orEmpty(app.Scopes)
		for _, ch := range st.channels.ordered() {
			if !ch.Archived {
				shown.Channels = append(shown.Channels, ch.wire())
			}
		}
		for _, in := range st.installs.ordered() {
			shown.Installs = append(shown.Installs, pageInstall(*in))
		}
		for _, d := range st.deliveries.ordered() {
			shown.Waiting = append(shown.Waiting, pageDelivery{
				ID: d.ID, Operation: d.operation(), PortalID: d.PortalID, ChannelID: d.ChannelID, Attempts: d.Attempts,
				NextAt: d.NextAt, Request: redactBody([]byte(d.Body), "application/json"),
			})
		}
	})
	return ok(shown)
}

func (c *pageCall) setDeveloper() (*pageAnswer, error) {
	var body struct{ InstallURL, AppWebhookURL *string }
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	if body.InstallURL != nil {
		c.SetInstallURL(*body.InstallURL)
	}
	if body.AppWebhookURL != nil {
		c.SetAppWebhookURL(*body.AppWebhookURL)
	}
	return c.developer()
}

// credentials are what the developer gives to the app. It takes a POST, which
// other sites cannot make.
func (c *pageCall) credentials() (*pageAnswer, error) {
	a := c.app()
	return ok(map[string]any{
		"baseUrl": c.base(c.r), "appId": c.AppID(), "clientId": a.ClientID, "clientSecret": a.ClientSecret, "developerKey": a.DeveloperKey,
	})
}

// pageKnob is a knob and how it stands.
type pageKnob struct {
	Knob
	On bool `json:"on"`
}

func (c *pageCall) knobs() (*pageAnswer, error) {
	readings := c.Readings()
	list := []pageKnob{}
	for _, k := range Knobs() {
		list = append(list, pageKnob{k, readings.Get(k.Name)})
	}
	return ok(list)
}

// setKnobs turns the knobs that are named.
func (c *pageCall) setKnobs() (*pageAnswer, error) {
	var body map[string]bool
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	readings := c.Readings()
	for name, on := range body {
		if err := readings.Set(name, on); err != nil {
			return nil, invalid("%s", sentence(err))
		}
	}
	c.SetReadings(readings)
	return c.knobs()
}

// pageFault is a fault as the page sets it.
type pageFault struct {
	ID                string    `json:"id"`
	Operation         string    `json:"operation"`
	PortalID          int64     `json:"portalId,omitempty"`
	Nth               int       `json:"nth,omitempty"`
	DelayMS           int64     `json:"delayMs,omitempty"`
	Reset             string    `json:"reset,omitempty"` // BEFORE or AFTER
	Status            int       `json:"status,omitempty"`
	Form              ErrorForm `json:"form,omitempty"`
	RetryAfterSeconds int64     `json:"retryAfterSeconds,omitempty"`
	Truncate          bool      `json:"truncate,omitempty"`
	Duplicates        int       `json:"duplicates,omitempty"`
	Reorder           bool      `json:"reorder,omitempty"`
	BadSignature      bool      `json:"badSignature,omitempty"`
	SpacedSignature   bool      `json:"spacedSignature,omitempty"`

	Seen   int `json:"seen"`   // calls that it matched
	Played int `json:"played"` // of them, how many failed
}

var resetNames = map[string]Reset{"": NoReset, "BEFORE": ResetBefore, "AFTER": ResetAfter}

func (f *pageFault) fault() (Fault, error) {
	reset, known := resetNames[f.Reset]
	if !known {
		return Fault{}, invalid("reset must be BEFORE or AFTER, not %q", f.Reset)
	}
	made := Fault{
		Operation: f.Operation, PortalID: f.PortalID, Nth: f.Nth, Delay: time.Duration(f.DelayMS) * time.Millisecond, Reset: reset,
		Status: f.Status, Form: f.Form, RetryAfter: time.Duration(f.RetryAfterSeconds) * time.Second, Truncate: f.Truncate,
		Duplicates: f.Duplicates, Reorder: f.Reorder, BadSignature: f.BadSignature, SpacedSignature: f.SpacedSignature,
	}
	return made, made.check()
}

func (p *plannedFault) show() pageFault {
	shown := pageFault{
		ID: p.id, Operation: p.Operation, PortalID: p.PortalID, Nth: p.Nth, DelayMS: p.Delay.Milliseconds(), Status: p.Status,
		Form: p.Form, RetryAfterSeconds: int64(p.RetryAfter.Seconds()), Truncate: p.Truncate, Duplicates: p.Duplicates,
		Reorder: p.Reorder, BadSignature: p.BadSignature, SpacedSignature: p.SpacedSignature, Seen: p.seen, Played: p.played,
	}
	for name, reset := range resetNames {
		if reset == p.Reset {
			shown.Reset = name
		}
	}
	return shown
}

// listFaults answers with the faults, and what a fault can be made of.
func (c *pageCall) listFaults() (*pageAnswer, error) {
	c.faults.mu.Lock()
	defer c.faults.mu.Unlock()
	list := []pageFault{}
	for _, p := range c.faults.set {
		list = append(list, p.show())
	}
	return ok(map[string]any{"faults": list, "forms": ErrorForms(), "operations": c.operations})
}

func (c *pageCall) addFault() (*pageAnswer, error) {
	var body pageFault
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	f, err := body.fault()
	if err != nil {
		return nil, err
	}
	if !slices.Contains(c.operations, f.Operation) {
		return nil, invalid("There is no operation %q to fail", f.Operation)
	}
	added := c.faults.add(f)
	c.faults.mu.Lock()
	defer c.faults.mu.Unlock()
	return created(added.show())
}

func (c *pageCall) clearFaults() (*pageAnswer, error) {
	c.ClearFaults()
	return done(nil)
}

func (c *pageCall) removeFault() (*pageAnswer, error) {
	return done(c.faults.remove(c.r.PathValue("id")))
}

func (c *pageCall) readClock() (*pageAnswer, error) {
	return ok(map[string]any{"now": c.now(), "aheadSeconds": time.Duration(c.clock.ahead.Load()).Seconds()})
}

func (c *pageCall) moveClock() (*pageAnswer, error) {
	var body struct{ AdvanceSeconds float64 }
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	if body.AdvanceSeconds < 0 || body.AdvanceSeconds > farthest.Seconds() {
		return nil, invalid("advanceSeconds must be a number from 0 to a hundred years: the clock cannot go back")
	}
	if err := c.Advance(time.Duration(body.AdvanceSeconds * float64(time.Second))); err != nil {
		return nil, err
	}
	return c.readClock()
}

// readJournal lists the entries of the operations asked for, those after an id,
// the newest ones if there is a limit.
func (c *pageCall) readJournal() (*pageAnswer, error) {
	q := c.r.URL.Query()
	entries := c.Journal(q["operation"]...)
	if after, err := strconv.ParseInt(q.Get("after"), 10, 64); err == nil {
		entries = slices.DeleteFunc(entries, func(e Entry) bool { return e.ID <= after })
	}
	if limit, err := strconv.Atoi(q.Get("limit")); err == nil && limit >= 0 {
		entries = entries[max(len(entries)-limit, 0):]
	}
	return ok(entries)
}
