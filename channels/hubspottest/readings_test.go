package hubspottest_test

import (
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

func TestKnobsAreTheReadings(t *testing.T) {
	var fields, knobs []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[hubspottest.Readings]()) {
		fields = append(fields, f.Name)
	}
	for _, k := range hubspottest.Knobs() {
		knobs = append(knobs, k.Name)
		var r hubspottest.Readings
		if err := r.Set(k.Name, true); err != nil || !r.Get(k.Name) || k.True == "" || k.False == "" {
			t.Errorf("%+v: %v", k, err)
		}
	}
	diff(t, "knobs", fields, knobs)
	var r hubspottest.Readings
	if err := r.Set("Dreams", true); err == nil || r.Get("Dreams") {
		t.Error("an unknown knob can be turned")
	}
}

// readAs is a shop whose simulator plays one reading.
func readAs(t *testing.T, knob string, on bool, caps object) *shop {
	t.Helper()
	s := newShop(t, hubspottest.Config{}, caps)
	var r hubspottest.Readings
	if err := r.Set(knob, on); err != nil {
		t.Fatal(err)
	}
	s.SetReadings(r)
	return s
}

// TestReadings plays both readings of each knob that shows in an answer.
func TestReadings(t *testing.T) {
	long := strings.Repeat("é", 10_001)
	accounts := func(s *shop) string { return channelBase + "/" + s.channel + "/channel-accounts" }
	status := func(a *answer) string { return strconv.Itoa(a.status) }
	for _, tt := range []struct {
		knob    string
		off, on string
		get     func(s *shop) string
	}{
		{"AgentMessagesHidden", "200", "404", func(s *shop) string {
			m, err := s.Reply(s.say("m1", "Hi"), hubspottest.Reply{Text: "Hello"})
			if err != nil {
				return err.Error()
			}
			return status(s.call("GET", channelBase+"/"+s.channel+"/messages/"+m.ID, nil))
		}},
		{"ArchivedThreadOpens", "false", "true", func(s *shop) string {
			thread := s.say("m1", "Hi")
			s.want(s.call("DELETE", helpers+"/threads/"+thread, nil), http.StatusNoContent)
			return strconv.FormatBool(s.say("m2", "Hi again") == thread)
		}},
		{"BearerRegistration", "401", "200", func(s *shop) string { return status(s.call("GET", channelBase, nil)) }},
		{"ChannelDeletePurges", "1 0", "0 1", func(s *shop) string {
			s.want(s.register("DELETE", channelBase+"/"+s.channel, nil), http.StatusNoContent)
			return strconv.Itoa(len(s.Accounts())) + " " + strconv.Itoa(s.PendingWebhooks())
		}},
		{"DeletedErased", "200", "404", func(s *shop) string {
			if err := s.DeleteAccount(s.account); err != nil {
				return err.Error()
			}
			return status(s.call("GET", accounts(s)+"/"+s.account+"?archived=true", nil))
		}},
		{"DeletedErased", "1", "0", func(s *shop) string {
			if err := s.DeleteAccount(s.account); err != nil {
				return err.Error()
			}
			return strconv.Itoa(len(s.call("GET", accounts(s)+"?archived=true", nil).body["results"].([]any)))
		}},
		{"ExchangeWithoutHub", "true", "false", func(s *shop) string {
			code := s.authorize(portalID, "allow", allScopes...).Query().Get("code")
			a := s.send("POST", "/oauth/v3/token", s.grantForm("authorization_code", url.Values{"code": {code}, "redirect_uri": {redirectURL}}))
			return strconv.FormatBool(strings.Contains(a.raw, "hub_id"))
		}},
		{"ExpiresInText", `"expires_in":1800`, `"expires_in":"1800"`, func(s *shop) string {
			raw := refreshed(s).raw
			return raw[strings.Index(raw, `"expires_in"`):strings.Index(raw, `}`)]
		}},
		{"IdempotencyEnds", "409", "201", func(s *shop) string {
			s.say("m1", "Hi")
			if err := s.Advance(25 * time.Hour); err != nil {
				return err.Error()
			}
			s.token = s.install(portalID, allScopes...)
			return status(s.publish(draft(s.account, "m1", "Hi")))
		}},
		{"IntrospectByKind", "true", "false", func(s *shop) string {
			a := s.send("POST", "/oauth/v3/token/introspect", s.grantForm("", url.Values{"token": {s.token}}))
			return strconv.FormatBool(a.body["active"].(bool))
		}},
		{"IntrospectByKind", "false", "true", func(s *shop) string {
			a := s.send("POST", "/oauth/v3/token/introspect", s.grantForm("", url.Values{"access_token": {s.token}}))
			return strconv.FormatBool(a.body["active"].(bool))
		}},
		{"LongTextRefused", "201", "400", func(s *shop) string { return status(s.publish(draft(s.account, "m1", long))) }},
		{"MoveSilent", "1", "0", func(s *shop) string {
			if err := s.MoveAccount(s.account, s.Inboxes(portalID)[1].ID); err != nil {
				return err.Error()
			}
			return strconv.Itoa(s.PendingWebhooks())
		}},
		{"NullClears", appURL + "/webhook?token=t%3A1", "", func(s *shop) string {
			return s.register("PATCH", channelBase+"/"+s.channel, `{"webhookUrl":null}`).text("webhookUrl")
		}},
		{"NumericFileIDs", `{"id":"`, `{"id":1`, func(s *shop) string { return s.upload("cat.png", png, nil).raw[:7] }},
		{"OutgoingRefused", "201", "400", func(s *shop) string {
			return status(s.publish(with(draft(s.account, "m1", "Hi"), object{"messageDirection": "OUTGOING"})))
		}},
		{"PopupUser", "", "2620022", func(s *shop) string {
			c, err := s.BeginConnection(portalID, s.channel, "")
			if err != nil {
				return err.Error()
			}
			u, _ := url.Parse(c.PopupURL)
			return u.Query().Get("userId")
		}},
		{"PreResolvedFirst", "V-7", "V-8", func(s *shop) string {
			a := s.publish(with(draft(s.account, "m1", "Hi"), object{"associateWithContactId": 7, "preResolvedContacts": object{
				"contacts": []object{{"contactVid": 8, "contactPropertiesLeadingToMatch": []string{"email"}}}}}))
			return a.text("createdBy")
		}},
		{"RefreshTokenOmitted", "true", "false", func(s *shop) string { return strconv.FormatBool(refreshed(s).text("refresh_token") != "") }},
		{"StagingTokensEnd", "200", "404", func(s *shop) string {
			c, err := s.BeginConnection(portalID, s.channel, "")
			if err == nil {
				err = s.Advance(11 * time.Minute)
			}
			if err != nil {
				return err.Error()
			}
			return status(s.call("PATCH", channelBase+"/"+s.channel+"/channel-account-staging-tokens/"+c.Token,
				object{"accountName": "New", "deliveryIdentifier": opaque("new")}))
		}},
		{"StatusForward", "200", "400", func(s *shop) string {
			m, err := s.Reply(s.say("m1", "Hi"), hubspottest.Reply{Text: "Hello"})
			if err != nil {
				return err.Error()
			}
			one := channelBase + "/" + s.channel + "/messages/" + m.ID
			s.want(s.call("PATCH", one, object{"statusType": "READ"}), http.StatusOK)
			return status(s.call("PATCH", one, object{"statusType": "SENT"}))
		}},
		{"UninstallDeauthorizes", "true", "false", func(s *shop) string {
			if err := s.Uninstall(portalID); err != nil {
				return err.Error()
			}
			return strconv.FormatBool(s.Accounts()[0].Authorized)
		}},
		{"UnknownContactRefused", "201", "400", func(s *shop) string {
			return status(s.publish(with(draft(s.account, "m1", "Hi"), object{"associateWithContactId": 7})))
		}},
	} {
		t.Run(tt.knob, func(t *testing.T) {
			diff(t, "off", tt.off, tt.get(readAs(t, tt.knob, false, nil)))
			diff(t, "on", tt.on, tt.get(readAs(t, tt.knob, true, nil)))
		})
	}
}

// refreshed installs the app and refreshes its token.
func refreshed(s *shop) *answer {
	s.t.Helper()
	code := s.authorize(portalID, "allow", allScopes...).Query().Get("code")
	a := s.send("POST", "/oauth/v3/token", s.grantForm("authorization_code", url.Values{"code": {code}, "redirect_uri": {redirectURL}}))
	return s.want(s.send("POST", "/oauth/v3/token", s.grantForm("refresh_token", url.Values{"refresh_token": {a.text("refresh_token")}})), http.StatusOK)
}

func TestIdentifierThreadingReading(t *testing.T) {
	for on, want := range map[bool]int{false: http.StatusBadRequest, true: http.StatusCreated} {
		b := newInstalled(t, hubspottest.Config{Readings: hubspottest.Readings{IdentifierThreading: on}})
		a := b.want(b.register("POST", channelBase, object{"name": "Plain", "capabilities": object{}}), http.StatusCreated)
		s := &shop{bench: b, channel: a.text("id")}
		s.account = b.account(s.channel, "shop")
		s.want(s.publish(with(draft(s.account, "m1", "Hi"), object{"integrationThreadId": nil})), want)
	}
}

// TestWebhookReadings plays the readings that show in webhooks.
func TestWebhookReadings(t *testing.T) {
	for _, tt := range []struct {
		knob    string
		off, on string
		get     func(s *shop, h *hook) string
	}{
		{"ClientErrorsEnd", "10", "1", func(s *shop, h *hook) string {
			h.answer = func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }
			s.reply("Hello")
			time.Sleep(48 * time.Hour)
			return strconv.Itoa(len(h.all()))
		}},
		{"EscapedBodies", "Grüß 🐈", `Gr\u00fc\u00df \ud83d\udc08`, func(s *shop, h *hook) string {
			s.reply("Grüß 🐈")
			synctest.Wait()
			_, rest, _ := strings.Cut(h.all()[0].raw, `"text":"`)
			text, _, _ := strings.Cut(rest, `"`)
			return text
		}},
		{"ShortTimeout", "5s", "2s", func(s *shop, h *hook) string {
			start, ended := time.Now(), time.Duration(0)
			h.answer = func(n int, _ http.ResponseWriter, r *http.Request) {
				if n == 1 {
					<-r.Context().Done()
					ended = time.Since(start)
				}
			}
			s.reply("Hello")
			time.Sleep(time.Minute / 2)
			synctest.Wait()
			return ended.String()
		}},
		{"SignatureV3Only", "true", "false", func(s *shop, h *hook) string {
			s.reply("Hello")
			synctest.Wait()
			return strconv.FormatBool(h.all()[0].header.Get("X-HubSpot-Signature") != "")
		}},
		{"WebhookURLLate", "/new /new", "/webhook /new", func(s *shop, h *hook) string {
			var got []string
			h.answer = func(_ int, _ http.ResponseWriter, r *http.Request) { got = append(got, r.URL.Path) }
			s.want(s.register("PATCH", channelBase+"/"+s.channel, object{"webhookUrl": appURL + "/new"}), http.StatusOK)
			s.reply("early")
			time.Sleep(6 * time.Minute)
			s.reply("late")
			synctest.Wait()
			return strings.Join(got, " ")
		}},
		{"Unordered", "0", "1", func(s *shop, h *hook) string {
			h.answer = func(n int, _ http.ResponseWriter, r *http.Request) {
				if n == 1 {
					time.Sleep(time.Second)
				}
			}
			s.reply("one")
			s.reply("two")
			time.Sleep(time.Millisecond)
			return strconv.Itoa(len(h.all()) - 1)
		}},
	} {
		t.Run(tt.knob, func(t *testing.T) {
			for on, want := range map[bool]string{false: tt.off, true: tt.on} {
				synctest.Test(t, func(t *testing.T) {
					s, h := readAs(t, tt.knob, on, nil), &hook{}
					s.say("m1", "Hi")
					s.run(h)
					diff(t, strconv.FormatBool(on), want, tt.get(s, h))
				})
			}
		})
	}
}

// reply is an agent's answer in the newest conversation.
func (s *shop) reply(text string) *hubspottest.Message {
	s.t.Helper()
	m, err := s.Reply(s.Threads()[0].ID, hubspottest.Reply{Text: text})
	if err != nil {
		s.t.Fatal(err)
	}
	return m
}
