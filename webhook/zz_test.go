package webhook

import "testing"

func BenchmarkZStrict(b *testing.B) {
	for b.Loop() {
		checkStrict(zzBody)
	}
}

func simpleLength(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return len(b)
}

func BenchmarkZSkip(b *testing.B) {
	for b.Loop() {
		for i := 0; i < len(zzBody); {
			if zzBody[i] == '"' {
				i += stringLength(zzBody[i:])
			} else {
				i++
			}
		}
	}
}
func BenchmarkZSkipSimple(b *testing.B) {
	for b.Loop() {
		for i := 0; i < len(zzBody); {
			if zzBody[i] == '"' {
				i += simpleLength(zzBody[i:])
			} else {
				i++
			}
		}
	}
}

func BenchmarkZKey(b *testing.B) {
	e := &OutgoingMessage{Head: Header{Type: TypeOutgoingMessage, PortalID: 24681012, ChannelID: "918273"}}
	e.Message.ID = "3ad3474b08dd408ca57a8454e355e942"
	for b.Loop() {
		e.Key()
	}
}

var zzBody = []byte(`{"type":"OUTGOING_CHANNEL_MESSAGE_CREATED","portalId":"24681012","channelId":"918273","eventId":"0b6f","eventTimestamp":"2026-10-01T09:25:01.300Z","channelIntegrationThreadIds":["conv-7781"],"message":{"id":"3ad3474b","type":"MESSAGE","channelId":"918273","channelAccountId":"5550001","conversationsThreadId":"8800112233","createdAt":"2026-10-01T09:25:00.950Z","createdBy":"A-2620022","senders":[{"actorId":"A-2620022","deliveryIdentifier":{"type":"CHANNEL_SPECIFIC_OPAQUE_ID","value":"shop-eu"}}],"recipients":[{"actorId":"V-1401","deliveryIdentifier":{"type":"CHANNEL_SPECIFIC_OPAQUE_ID","value":"user-42"}}],"text":"Schöne Grüße – it's on its way & <free> ☃","richText":"<div>Schöne Grüße – it's on its way</div>","direction":"OUTGOING","truncationStatus":"NOT_TRUNCATED","status":"SENT","attachments":[]}}`)
