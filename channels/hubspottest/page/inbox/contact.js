// The dialog for a contact's name, addresses and owner.

import { openDialog } from "../dialog.js";
import { el } from "../dom.js";
import { choice, field } from "../ui.js";

// editContact changes a contact, or makes one of a visitor.
export function editContact({ api, state, toast }, contact) {
  const name = el("input", { value: contact.name ?? "", dir: "auto", autocomplete: "off", "data-testid": "contact-name" });
  const email = el("input", { type: "email", value: contact.email ?? "", autocomplete: "off", "data-testid": "contact-email" });
  const phone = el("input", { type: "tel", value: contact.phone ?? "", autocomplete: "off", "data-testid": "contact-phone" });
  const owners = [["", "No owner"], ...state.info.users.map((user) => [user.actorId, user.name])];
  const owner = choice(owners, contact.ownerId, { "data-testid": "contact-owner" });
  const tracked = el("input", { type: "checkbox", checked: contact.tracked, "data-testid": "contact-tracked" });
  openDialog({
    title: contact.known ? "Edit contact" : "Create contact",
    testid: "contact-dialog",
    body: [
      field("Name", name), field("E-mail", email), field("Phone", phone),
      field("Owner of the contact", owner, {
        help: "A channel that assigns to the contact owner gives new conversations to this user.",
      }),
      el("label", { class: "check" }, tracked, "Tracked by cookie"),
    ],
    actions: [{ label: "Cancel" }, { label: "Save", kind: "primary", testid: "contact-save", run: save }],
  });

  async function save() {
    if (!name.value.trim()) throw new Error("Enter a name.");
    await api.put(`api/contacts/${encodeURIComponent(contact.id)}`, {
      name: name.value.trim(), email: email.value.trim(), phone: phone.value.trim(),
      ownerId: owner.value, tracked: tracked.checked,
    });
    await Promise.all([state.loadOpen(), state.reload()]);
    toast(contact.known ? "The contact is saved." : "The visitor is a contact now.", { kind: "good" });
  }
}
