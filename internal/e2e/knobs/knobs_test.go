package knobs

import (
	"testing"
	"testing/synctest"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// TestReadings plays the round once with every knob as it is, and once more with each of them turned.
func TestReadings(t *testing.T) {
	t.Run("default", func(t *testing.T) { round(t, hubspottest.Readings{}) })
	for _, k := range hubspottest.Knobs() {
		t.Run(k.Name, func(t *testing.T) {
			var r hubspottest.Readings
			if err := r.Set(k.Name, !r.Get(k.Name)); err != nil {
				t.Fatal(err)
			}
			round(t, r)
		})
	}
}

func round(t *testing.T, readings hubspottest.Readings) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, readings)
		for _, step := range []func(*world){
			(*world).connected,
			(*world).customerWrites,
			(*world).agentAnswers,
			(*world).messageFails,
			(*world).webhookIsRetried,
			(*world).badSignature,
			(*world).inOrder,
			(*world).otherConversation,
			(*world).agentBegins,
			(*world).tokensExpire,
			(*world).answerIsLost,
			(*world).closedAndArchived,
			(*world).longText,
			(*world).unknownContact,
			(*world).lostForLong,
			(*world).fromElsewhere,
			(*world).slowAdmin,
			(*world).accountEdited,
			(*world).webhookAstray,
			(*world).channelChanged,
			(*world).uninstalled,
			(*world).accountDeleted,
			(*world).channelDeleted,
		} {
			step(w)
			if t.Failed() {
				return // what follows would fail of it
			}
			if n := w.hubspot.PendingWebhooks(); n > 0 {
				t.Errorf("%d webhooks were not taken", n)
			}
		}
	})
}
