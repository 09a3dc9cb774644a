package richtext_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/messages/richtext"
)

func TestImages(t *testing.T) {
	type image struct {
		URL, Alt      string
		Width, Height int
		FileID        string
		PortalID      int64
	}
	const redirect = "https://api-eu1.hubspot.com/filemanager/api/v2/files/987/signed-url-redirect"
	const upload = "https://api.hubspot.com/form-integrations/v1/uploaded-files/signed-url-redirect/988"
	for _, tt := range []struct {
		name, html string
		want       []image
	}{
		{"none", "<p>text</p>", nil},
		{"in order", `<p><img src="https://a.example/1.png" alt=" one
			picture ">text<img src=http://a.example/2.png></p>`, []image{
			{URL: "https://a.example/1.png", Alt: "one picture"}, {URL: "http://a.example/2.png"},
		}},
		{"size", `<img src=//a.example/1 width=640 height="480px">`, []image{{URL: "https://a.example/1", Width: 640, Height: 480}}},
		{"size by style", `<img src=//a.example/1 width=640 style="width:320px;height:auto">`, []image{{URL: "https://a.example/1", Width: 320}}},
		{"size in percent", `<img src=//a.example/1 width="100%" height=auto>`, []image{{URL: "https://a.example/1"}}},
		{"entities in the URL", `<img src="https://a.example/1?a=1&amp;b=2">`, []image{{URL: "https://a.example/1?a=1&b=2"}}},
		{"HubSpot's file", `<img src="` + redirect + `?portalId=24681012&amp;x=1">`, []image{
			{URL: redirect + "?portalId=24681012&x=1", FileID: "987", PortalID: 24681012},
		}},
		{"HubSpot's upload", `<img src="` + upload + `">`, []image{{URL: upload, FileID: "988"}}},
		{"no file id", `<img src="https://api.hubspot.com/filemanager/api/v2/files/../signed-url-redirect?portalId=x">`, []image{
			{URL: "https://api.hubspot.com/filemanager/api/v2/files/../signed-url-redirect?portalId=x"},
		}},
		{"pixels", `<img src=//a.example/1 width=1 height=1><img src=//a.example/1 height=0>`, nil},
		{"not on the web", `<img src="data:image/png;base64,AAAA"><img src="cid:1"><img src="/relative"><img src="javascript:x"><img>`, nil},
		{"not seen", `<template><img src=//a.example/1></template><!-- <img src=//a.example/1> --><img hidden src=//a.example/1>` +
			`<div style="display:none"><img src=//a.example/1></div><script><img src=//a.example/1></script>`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []image
			for _, i := range richtext.Images(tt.html) {
				got = append(got, image{i.URL.String(), i.Alt, i.Width, i.Height, i.FileID, i.PortalID})
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
