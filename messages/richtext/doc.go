// Package richtext translates between HubSpot's HTML and what messaging services can show.
//
// An agent's message arrives as HTML in richText. [Parse] reads it into a tree, from which the usual forms are written:
//
//	doc := richtext.Parse(message.RichText)
//	doc.PlainText() // SMS, and every service without mark-up
//	doc.Markdown()  // CommonMark
//	doc.Telegram()  // the HTML of Telegram's Bot API
//
// What agents insert (links, snippets, meeting links, articles, quotes, documents, videos) becomes readable text with
// working links. Pictures in the text become their alternative text; [Images] finds them, so that they can be sent as files.
//
// For the mark-up of another service, walk the tree. [Node.Only] first puts into words what the service does not have, so
// that a writer needs no more cases than the service has features.
//
// Long messages are cut by [Split] and [SplitTelegram], which count as the service does and break no emoji, link or tag.
//
// The other way, a customer's HTML is published in richText after [Sanitize], which writes only what HubSpot accepts and the
// channel has declared. To publish Markdown, turn it into HTML with a Markdown library first, and sanitize that.
//
// No function returns an error: broken HTML is read as browsers read it. All of them take time and memory in proportion to
// their input, however hostile it is.
package richtext
