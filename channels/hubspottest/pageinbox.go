package hubspottest

import (
	"io"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
)

// inboxRoutes are what agents do.
func (s *Server) inboxRoutes(mux *http.ServeMux) {
	for pattern, run := range map[string]func(*pageCall) (*pageAnswer, error){
		"GET /simulator/api/threads":                (*pageCall).search,
		"POST /simulator/api/threads":               (*pageCall).start,
		"GET /simulator/api/threads/{id}":           (*pageCall).thread,
		"POST /simulator/api/threads/{id}/reply":    (*pageCall).reply,
		"POST /simulator/api/threads/{id}/comments": (*pageCall).comment,
		"POST /simulator/api/threads/{id}/status":   (*pageCall).setStatus,
		"PUT /simulator/api/threads/{id}/owner":     (*pageCall).assign,
		"PUT /simulator/api/threads/{id}/inbox":     (*pageCall).moveThread,
		"GET /simulator/api/inserts":                (*pageCall).inserts,
		"POST /simulator/api/pictures":              (*pageCall).picture,
		"GET /simulator/api/contacts":               (*pageCall).contacts,
		"PUT /simulator/api/contacts/{id}":          (*pageCall).setContact,
		"POST /simulator/api/contacts":              (*pageCall).setContact,
	} {
		mux.HandleFunc(pattern, s.page(run))
	}
}

func (c *pageCall) search() (*pageAnswer, error) {
	q := c.r.URL.Query()
	contact, _ := strconv.ParseInt(q.Get("contactId"), 10, 64)
	return ok(c.Search(ThreadQuery{
		PortalID: c.portal, Text: q.Get("text"), ChannelID: q.Get("channelId"), AccountID: q.Get("accountId"),
		InboxID: q.Get("inboxId"), OwnerID: q.Get("ownerId"), Status: q.Get("status"), ContactID: contact,
	}))
}

// own returns the path's thread, if it is of the page's portal.
func (c *pageCall) own(st *state) (*thread, error) {
	t := st.threads.get(c.r.PathValue("id"))
	if t == nil || t.PortalID != c.portal {
		return nil, notFound("thread", c.r.PathValue("id"))
	}
	return t, nil
}

// ownID returns the path's thread id, if it is of the page's portal.
func (c *pageCall) ownID() (id string, err error) {
	c.view(func(st *state) { _, err = c.own(st) })
	return c.r.PathValue("id"), err
}

// thread shows a conversation, which the agent has read thereby.
func (c *pageCall) thread() (*pageAnswer, error) {
	var shown struct {
		Thread   Thread    `json:"thread"`
		Messages []Message `json:"messages"`
		History  []Change  `json:"history"`
		Contact  Contact   `json:"contact"`
		Earlier  []Thread  `json:"earlier"` // the contact's other conversations
		Outlets  []Outlet  `json:"outlets"`
	}
	err := c.update(func(tx *tx) error {
		t, err := c.own(tx.state)
		if err != nil {
			return err
		}
		if t.Unread > 0 {
			t.Unread = 0
			tx.threads.put(tx, t.ID, t)
			tx.showThread(t)
		}
		shown.Thread, shown.Messages, shown.History = tx.state.showThread(t), tx.messagesShown(t.ID), tx.historyShown(t.ID)
		shown.Contact, shown.Outlets, shown.Earlier = tx.showContact(t), tx.outletsShown(t), []Thread{}
		for _, other := range tx.threadsShown(ThreadQuery{PortalID: c.portal, ContactID: t.ContactID}) {
			if other.ID != t.ID {
				shown.Earlier = append(shown.Earlier, other)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return ok(shown)
}

func (c *pageCall) reply() (*pageAnswer, error) {
	id, err := c.ownID()
	if err != nil {
		return nil, err
	}
	rep, err := c.readReply()
	if err != nil {
		return nil, err
	}
	m, err := c.Reply(id, *rep)
	if err != nil {
		return nil, err
	}
	return created(m)
}

// start begins a conversation: the form of a reply with accountId, name, and
// the customer's address.
func (c *pageCall) start() (*pageAnswer, error) {
	rep, err := c.readReply()
	if err != nil {
		return nil, err
	}
	accountID := c.r.FormValue("accountId")
	c.view(func(st *state) {
		if a := st.accounts.get(accountID); a == nil || a.PortalID != c.portal {
			err = notFound("channel account", accountID)
		}
	})
	if err != nil {
		return nil, err
	}
	start := Start{Name: c.r.FormValue("name"), Reply: *rep}
	if rep.To != nil {
		start.To = *rep.To
	}
	t, m, err := c.StartConversation(accountID, start)
	if err != nil {
		return nil, err
	}
	return created(map[string]any{"thread": t, "message": m})
}

// readReply reads the editor's form.
func (c *pageCall) readReply() (*Reply, error) {
	r := c.r
	r.Body = http.MaxBytesReader(c.w, r.Body, maxUpload)
	if err := r.ParseMultipartForm(8 << 20); err != nil {
		return nil, invalid("The reply could not be read: %v", err)
	}
	defer func() { _ = r.MultipartForm.RemoveAll() }()
	rep := &Reply{Text: typed(r, "text"), RichText: typed(r, "richText"), Via: r.FormValue("via"), AgentID: c.user.ActorID}
	if value := strings.TrimSpace(r.FormValue("toValue")); value != "" {
		rep.To = &Identifier{Type: r.FormValue("toType"), Value: value}
	}
	var err error
	rep.Files, err = readFiles(r, "files")
	return rep, err
}

func readFiles(r *http.Request, field string) ([]Upload, error) {
	var list []Upload
	for _, header := range r.MultipartForm.File[field] {
		content, err := readPart(header)
		if err != nil {
			return nil, invalid("The file %s could not be read: %v", header.Filename, err)
		}
		list = append(list, Upload{Name: header.Filename, ContentType: header.Header.Get("Content-Type"), Content: content})
	}
	return list, nil
}

func readPart(header *multipart.FileHeader) ([]byte, error) {
	f, err := header.Open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// typed returns a form's field with the line breaks that were typed: browsers
// send every one as CRLF.
func typed(r *http.Request, field string) string {
	return strings.ReplaceAll(r.FormValue(field), "\r\n", "\n")
}

func (c *pageCall) comment() (*pageAnswer, error) {
	id, err := c.ownID()
	if err != nil {
		return nil, err
	}
	var body struct{ Text, RichText string }
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	m, err := c.Comment(id, Comment{Text: body.Text, RichText: body.RichText, AgentID: c.user.ActorID})
	if err != nil {
		return nil, err
	}
	return created(m)
}

func (c *pageCall) setStatus() (*pageAnswer, error) {
	id, err := c.ownID()
	if err != nil {
		return nil, err
	}
	var body struct{ Status string }
	if err := c.decode(&body); err != nil || body.Status != statusOpen && body.Status != statusClosed {
		return nil, invalid(`Send {"status":"OPEN"} or {"status":"CLOSED"}`)
	}
	return done(c.setThreadStatus(id, body.Status, c.user.ActorID))
}

func (c *pageCall) assign() (*pageAnswer, error) {
	id, err := c.ownID()
	if err != nil {
		return nil, err
	}
	var body struct{ ActorID string }
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	return done(c.assignBy(id, body.ActorID, c.user.ActorID))
}

func (c *pageCall) moveThread() (*pageAnswer, error) {
	id, err := c.ownID()
	if err != nil {
		return nil, err
	}
	var body struct{ InboxID string }
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	return done(c.MoveThread(id, body.InboxID))
}

func (c *pageCall) inserts() (*pageAnswer, error) { return ok(insertsAt(c.base(c.r))) }

// picture takes a picture for the rich text that is being written.
func (c *pageCall) picture() (*pageAnswer, error) {
	c.r.Body = http.MaxBytesReader(c.w, c.r.Body, maxUpload)
	if err := c.r.ParseMultipartForm(8 << 20); err != nil {
		return nil, invalid("The picture could not be read: %v", err)
	}
	defer func() { _ = c.r.MultipartForm.RemoveAll() }()
	files, err := readFiles(c.r, "file")
	if err != nil {
		return nil, err
	}
	if len(files) != 1 {
		return nil, invalid("Send one picture in the field file")
	}
	p, err := c.storePicture(c.portal, files[0])
	if err != nil {
		return nil, err
	}
	return created(p)
}

func (c *pageCall) contacts() (*pageAnswer, error) {
	var list []Contact
	c.view(func(st *state) { list = st.contactsShown(c.portal, c.r.URL.Query().Get("text")) })
	return ok(list)
}

// setContact adds or changes a contact. Fields that are absent stay.
func (c *pageCall) setContact() (*pageAnswer, error) {
	contact := Contact{PortalID: c.portal}
	if text := c.r.PathValue("id"); text != "" {
		contact.ID, _ = strconv.ParseInt(text, 10, 64)
		c.view(func(st *state) {
			if known := st.contactOf(c.portal, contact.ID); known != nil {
				contact = known.show()
			} else if v := st.visitor(c.portal, contact.ID); v != nil {
				contact.Name = v.Name
			}
		})
	}
	id := contact.ID
	if err := c.decode(&contact); err != nil {
		return nil, err
	}
	contact.ID, contact.PortalID = id, c.portal
	saved, err := c.SetContact(contact)
	if err != nil {
		return nil, err
	}
	return ok(saved)
}
