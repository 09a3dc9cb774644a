package richtext_test

import (
	"fmt"
	"strings"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/messages/richtext"
)

const reply = `<p>Hi Ada,</p><p>your order ships <strong>today</strong>:</p>` +
	`<ul><li><p>Tea &amp; cups</p></li><li><p>see <a href="https://shop.example/track/7">where it is</a></p></li></ul>`

func ExampleParse() {
	for _, block := range richtext.Parse(reply).Children {
		fmt.Println(block.Kind, len(block.Children))
	}
	// Output:
	// paragraph 1
	// paragraph 3
	// bullet list 2
}

func ExampleNode_PlainText() {
	fmt.Println(richtext.Parse(reply).PlainText())
	// Output:
	// Hi Ada,
	//
	// your order ships today:
	//
	// • Tea & cups
	// • see where it is (https://shop.example/track/7)
}

func ExampleNode_Markdown() {
	fmt.Println(richtext.Parse(reply).Markdown())
	// Output:
	// Hi Ada,
	//
	// your order ships **today**:
	//
	// - Tea & cups
	// - see [where it is](https://shop.example/track/7)
}

func ExampleNode_Telegram() {
	fmt.Println(richtext.Parse(reply).Telegram())
	// Output:
	// Hi Ada,
	//
	// your order ships <b>today</b>:
	//
	// • Tea &amp; cups
	// • see <a href="https://shop.example/track/7">where it is</a>
}

// A service whose only mark-up is *bold*, as WhatsApp's is, needs a writer with four cases.
func ExampleNode_Only() {
	var b strings.Builder
	var write func(*richtext.Node)
	write = func(n *richtext.Node) {
		switch n.Kind {
		case richtext.Text:
			b.WriteString(n.Text)
		case richtext.Break:
			b.WriteString("\n")
		case richtext.Bold:
			b.WriteString("*")
			defer b.WriteString("*")
		case richtext.Paragraph:
			defer b.WriteString("\n\n")
		}
		for _, child := range n.Children {
			write(child)
		}
	}
	write(richtext.Parse(reply).Only(richtext.Bold))
	fmt.Println(b.String())
	// Output:
	// Hi Ada,
	//
	// your order ships *today*:
	//
	// • Tea & cups
	// • see where it is (https://shop.example/track/7)
}

func ExampleSanitize() {
	declared := channels.Capabilities{RichText: []channels.RichTextFeature{channels.Bold, channels.Hyperlink}}
	mail := `<p style="color:red" onclick="steal()">My <b>order</b> <a href="javascript:steal()">is</a> late.<script>steal()</script>
		<ul><li>See <a href="https://parcel.example/7">here</a></ul>`
	fmt.Println(richtext.Sanitize(mail, declared.RichText))
	// Output:
	// <p>My <strong>order</strong> is late.</p><p>• See <a href="https://parcel.example/7">here</a></p>
}

func ExampleImages() {
	html := `<p>Here you are: <img src="https://api-eu1.hubspot.com/filemanager/api/v2/files/987/signed-url-redirect?portalId=24681012"` +
		` alt="invoice.png" width="640" height="480"></p>`
	for _, image := range richtext.Images(html) {
		fmt.Println(image.Alt, image.Width, image.Height, image.URL.Host, image.FileID, image.PortalID)
	}
	// Output:
	// invoice.png 640 480 api-eu1.hubspot.com 987 24681012
}

func ExampleSplit() {
	for _, part := range richtext.Split("It ships today, at noon. See https://shop.example/7 for more. 👩‍👩‍👧‍👦", richtext.UTF16(40)) {
		fmt.Printf("%q\n", part)
	}
	// Output:
	// "It ships today, at noon."
	// "See https://shop.example/7 for more."
	// "👩\u200d👩\u200d👧\u200d👦"
}

func ExampleSplitTelegram() {
	html := `<b>It ships today, see <a href="https://shop.example/track/7">the tracking page</a> for more.</b>`
	for _, part := range richtext.SplitTelegram(html, 30) {
		fmt.Println(part)
	}
	// Output:
	// <b>It ships today, see</b>
	// <b><a href="https://shop.example/track/7">the tracking page</a> for more.</b>
}
