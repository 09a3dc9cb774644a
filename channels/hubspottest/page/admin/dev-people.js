// Portals and users: who there is, what they may do, and whom to act as.

import { el, KeyedList, setText } from "../dom.js";
import { avatar, badge, choice, field, toggle } from "../ui.js";
import { button, busy, notice } from "./controls.js";

const COLUMNS = ["Super-admin", "Seat", "Team", "Away"];
const SEATS = [["", "No seat"], ["SERVICE", "Service"], ["SALES", "Sales"]];

export class PeoplePanel {
  #context;
  #portals;
  #users;
  #rights = notice();
  #addUser;
  node;

  constructor(context) {
    this.#context = context;
    const portals = el("ul", { class: "lines", "data-testid": "portals" });
    const users = el("tbody", { "data-testid": "users" });
    this.#portals = new KeyedList(portals, (portal) => portalRow(portal, context));
    this.#users = new KeyedList(users, (user) => new UserRow(user, context), ({ actorId }) => actorId);
    this.#addUser = new AddForm("Add a user", context, [
      ["name", "Name", { type: "text" }], ["email", "Email", { type: "email" }], ["number", "User number", { type: "number", min: "1" }],
    ], ({ name, email, number }) => context.api.post("api/users", { actorId: `A-${number}`, name, email, seat: "SERVICE" }));
    const addPortal = new AddForm("Add a portal", context, [
      ["name", "Name", { type: "text" }], ["id", "Portal id", { type: "number", min: "1" }],
    ], ({ name, id }) => context.api.post("api/portals", { id: Number(id), name }));
    this.node = el("div", { class: "stack" },
      el("section", { class: "card stack" }, el("h2", {}, "Users"), this.#rights.node,
        el("div", { class: "table-scroll" }, el("table", { class: "users" },
          el("thead", {}, el("tr", {}, ["User", ...COLUMNS].map((title) => el("th", { scope: "col" }, title)), el("td"))), users)),
        this.#addUser.node),
      el("section", { class: "card stack" }, el("h2", {}, "Portals"), portals, addPortal.node));
  }

  async load() {
    const { portals, users, agent, can } = this.#context.state.info;
    this.#portals.show(portals);
    this.#users.show(users);
    this.#addUser.node.hidden = !can.connect;
    this.#rights.show(can.connect ? "" : `You are ${agent.name}. Only a super-admin changes users.`);
  }
}

function portalRow(portal, { api, state }) {
  const installed = badge("Installed", "good");
  const here = badge("You are here", "accent");
  const open = button("Open", { kind: "outline small", onclick: () => api.choose({ portal: portal.id }) });
  return {
    node: el("li", {}, el("strong", { dir: "auto" }, portal.name), el("code", {}, String(portal.id)), installed, here, open),
    update(next) {
      installed.hidden = !next.installed;
      here.hidden = next.id !== state.info.portal.id;
      open.hidden = !here.hidden;
    },
  };
}

class UserRow {
  #context;
  #user;
  #admin;
  #away;
  #seat;
  #team;
  #you = badge("You", "accent");
  #act;
  #email = el("small");
  #name = el("strong", { dir: "auto" });
  node;

  constructor(user, context) {
    this.#context = context;
    this.#admin = toggle({
      label: `${user.name}: super-admin`, testid: "user-admin", onchange: (superAdmin) => this.#change({ superAdmin }),
    });
    this.#away = toggle({ label: `${user.name}: away`, testid: "user-away", onchange: (away) => this.#change({ away }) });
    this.#seat = choice(SEATS, "", {
      "aria-label": `${user.name}: seat`, "data-testid": "user-seat",
      onchange: () => this.#change({ seat: this.#seat.value }).catch(() => {}),
    });
    this.#team = el("input", {
      type: "text", "aria-label": `${user.name}: team`, placeholder: "none",
      onchange: () => this.#change({ team: this.#team.value.trim() }).catch(() => {}),
    });
    this.#act = button("Act as", {
      kind: "outline small", testid: "act-as", onclick: () => context.api.choose({ user: user.actorId }),
    });
    this.node = el("tr", { "data-actor-id": user.actorId },
      el("th", { scope: "row" },
        el("div", { class: "who" }, avatar(user.name, { url: user.avatar }), el("div", {}, this.#name, this.#email))),
      [this.#admin, this.#seat, this.#team, this.#away].map((control, index) => el("td", { "data-label": COLUMNS[index] }, control)),
      el("td", {}, this.#you, this.#act));
  }

  update(user) {
    this.#user = user;
    const { agent, can } = this.#context.state.info;
    const self = user.actorId === agent.actorId;
    setText(this.#name, user.name);
    setText(this.#email, user.email);
    this.#admin.setAttribute("aria-checked", String(user.superAdmin));
    this.#away.setAttribute("aria-checked", String(user.away));
    this.#seat.value = user.seat;
    if (document.activeElement !== this.#team) this.#team.value = user.team ?? "";
    for (const control of [this.#admin, this.#seat, this.#team]) control.disabled = !can.connect;
    this.#away.disabled = !can.connect && !self;
    this.#you.hidden = !self;
    this.#act.hidden = self;
  }

  // #change throws again after it has said why, so that a switch goes back.
  async #change(fields) {
    const { api, state, toast } = this.#context;
    const own = this.#user.actorId === state.info.agent.actorId && !state.info.can.connect;
    try {
      await (own ? api.put("api/me", fields) : api.put(`api/users/${this.#user.actorId}`, fields));
      await state.reload();
    } catch (error) {
      toast(error.message, { kind: "bad" });
      this.update(this.#user);
      throw error;
    }
  }
}

// AddForm is a line of fields and a button. fields are [name, label, properties of the input].
class AddForm {
  #inputs = new Map();
  #problem = notice();
  node;

  constructor(title, { state }, fields, add) {
    const submit = button(title, { type: "submit" });
    const controls = fields.map(([name, label, properties]) => {
      const input = el("input", { ...properties, required: true });
      this.#inputs.set(name, input);
      return field(label, input);
    });
    const onsubmit = (event) => {
      event.preventDefault();
      busy(submit, async () => {
        try {
          await add(Object.fromEntries([...this.#inputs].map(([name, { value }]) => [name, value.trim()])));
          this.node.reset();
          this.#problem.show("");
          await state.reload();
        } catch (error) {
          this.#problem.show(error.message, "bad");
        }
      });
    };
    this.node = el("form", { class: "add", onsubmit }, el("div", { class: "field-row" }, controls, submit), this.#problem.node);
  }
}
