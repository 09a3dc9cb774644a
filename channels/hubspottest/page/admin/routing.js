// How new conversations of an account are routed: the form of the connect steps and of Edit.

import { el, icon } from "../dom.js";
import { button, checkable } from "./controls.js";

const COMMON_PROPERTIES = ["Category", "Language", "Priority", "Source", "Topic"];
const MANY = 8; // from here on the list can be searched

// A RoutingForm edits a routing. It needs the users and teams of the portal.
export class RoutingForm {
  #properties = [];
  #rows = el("div", { class: "property-rows" });
  #setProperties = checkable({ type: "checkbox", "data-testid": "routing-properties" },
    "Set conversation properties for this channel", "Every new conversation that a customer begins gets them.");
  #assign = checkable({ type: "checkbox", "data-testid": "routing-assign" },
    "Automatically assign conversations", "Otherwise new conversations belong to nobody until somebody takes them.");
  #people;
  #how;
  #propertyPart;
  #assignPart;
  node;

  constructor({ users, teams, routing }) {
    this.#people = new People(users, teams, routing);
    this.#how = new Assignment(routing.assignTo || "USERS");
    this.#propertyPart = el("div", { class: "indent" }, this.#rows,
      button("Add a property", { testid: "routing-add-property", onclick: () => this.#add("", "").focus() }));
    this.#assignPart = el("div", { class: "indent" }, this.#how.node, this.#people.node);
    this.node = el("div", { class: "routing" },
      el("datalist", { id: "routing-property-names" }, COMMON_PROPERTIES.map((name) => el("option", { value: name }))),
      this.#setProperties.node, this.#propertyPart, this.#assign.node, this.#assignPart);

    const properties = Object.entries(routing.properties ?? {});
    for (const [name, value] of properties) this.#add(name, value);
    this.#setProperties.input.checked = properties.length > 0;
    this.#assign.input.checked = Boolean(routing.assignTo);
    for (const { input } of [this.#setProperties, this.#assign]) input.addEventListener("change", () => this.#show());
    this.#how.onchange = () => this.#show();
    this.#show();
  }

  // value is the routing that was entered. It throws what is missing, in a sentence.
  value() {
    const routing = { assignTo: "" };
    if (this.#setProperties.input.checked) routing.properties = this.#propertiesEntered();
    if (this.#assign.input.checked) {
      Object.assign(routing, { assignTo: this.#how.value }, this.#people.value());
      if (routing.assignTo === "USERS" && routing.users.length + routing.teams.length === 0) {
        throw new Error("Choose at least one user or team to assign conversations to.");
      }
    }
    return routing;
  }

  #propertiesEntered() {
    const entered = this.#properties
      .map(({ name, value }) => [name.value.trim(), value.value.trim()])
      .filter((pair) => pair.some(Boolean));
    if (entered.some((pair) => !pair.every(Boolean))) throw new Error("Each conversation property needs a name and a value.");
    if (entered.length === 0) throw new Error("Add a conversation property, or do not set any.");
    return Object.fromEntries(entered);
  }

  #add(propertyName, propertyValue) {
    const input = (title, value, properties) =>
      el("input", { type: "text", value, placeholder: title, "aria-label": title, ...properties });
    const name = input("Property", propertyName, { list: "routing-property-names", "data-testid": "routing-property" });
    const value = input("Value", propertyValue, { "data-testid": "routing-value" });
    const entry = { name, value };
    const remove = () => {
      row.remove();
      this.#properties = this.#properties.filter((other) => other !== entry);
      this.#setProperties.input.focus();
    };
    const row = el("div", { class: "property-row" }, name, value,
      button(icon("cross"), { kind: "quiet", "aria-label": "Remove the property", onclick: remove }));
    this.#properties.push(entry);
    this.#rows.append(row);
    return name;
  }

  #show() {
    this.#propertyPart.hidden = !this.#setProperties.input.checked;
    if (!this.#propertyPart.hidden && this.#properties.length === 0) this.#add("", "");
    this.#assignPart.hidden = !this.#assign.input.checked;
    this.#people.explain(this.#how.value);
  }
}

// Assignment chooses between the two ways to assign.
class Assignment {
  value;
  onchange = () => {};
  node;

  constructor(value) {
    this.value = value;
    const option = (assignTo, title, hint) => checkable({
      type: "radio", name: "assign-to", value: assignTo, checked: assignTo === value, "data-testid": `assign-${assignTo}`,
      onchange: () => {
        this.value = assignTo;
        this.onchange();
      },
    }, title, hint).node;
    this.node = el("fieldset", { class: "checkables" }, el("legend", { class: "for-readers" }, "Assign to"),
      option("USERS", "Specific users and teams", "They take turns."),
      option("CONTACT_OWNER", "Contact owner", "The contact must be known, have an owner and be tracked by cookie."));
  }
}

// People is the list of users and teams that can be chosen.
class People {
  #list;
  #legend = el("legend");
  #boxes = [];
  node;

  constructor(users, teams, routing) {
    const box = (kind, value, title, hint, disabled) => {
      const { input, node } = checkable({
        type: "checkbox", value, disabled, checked: (routing[kind] ?? []).includes(value), "data-testid": `assign-${kind}`,
      }, title, hint);
      this.#boxes.push({ kind, input, node, title });
      return node;
    };
    this.#list = el("div", { class: "people" },
      ...teams.map((team) => box("teams", team, team, "Team")),
      ...users.map((user) => box("users", user.actorId, user.name, describe(user), !user.seat)));
    const search = el("input", {
      type: "search", placeholder: "Search users and teams", "aria-label": "Search users and teams",
      oninput: () => this.#filter(search.value),
    });
    search.hidden = this.#boxes.length <= MANY;
    this.node = el("fieldset", { class: "checkables" }, this.#legend, search, this.#list);
  }

  explain(assignTo) {
    this.#legend.textContent = assignTo === "USERS" ? "Users and teams" : "While the owner is away, these take over";
  }

  value() {
    const chosen = (kind) => this.#boxes.filter((box) => box.kind === kind && box.input.checked).map((box) => box.input.value);
    return { users: chosen("users"), teams: chosen("teams") };
  }

  #filter(text) {
    const wanted = text.trim().toLocaleLowerCase();
    for (const { node, title } of this.#boxes) node.hidden = !title.toLocaleLowerCase().includes(wanted);
  }
}

function describe(user) {
  if (!user.seat) return "No Sales or Service seat, so no conversations can be assigned";
  const seat = user.seat === "SERVICE" ? "Service seat" : "Sales seat";
  return [seat, user.team && `team ${user.team}`, user.away && "away"].filter(Boolean).join(", ");
}

// describeRouting says in a few words who receives new conversations.
export function describeRouting(routing, users) {
  if (!routing?.assignTo) return "Nobody";
  const nameOf = (id) => users.find((user) => user.actorId === id)?.name ?? id;
  const names = [...(routing.teams ?? []), ...(routing.users ?? []).map(nameOf)];
  if (routing.assignTo === "USERS") return names.join(", ");
  return names.length > 0 ? `Contact owner, else ${names.join(", ")}` : "Contact owner";
}

// sameRouting compares what counts: neither the order nor whether what is empty is there.
export function sameRouting(a, b) {
  const parts = ({ properties = {}, assignTo = "", users = [], teams = [] }) =>
    JSON.stringify([Object.entries(properties).sort(), assignTo, [...users].sort(), [...teams].sort()]);
  return parts(a) === parts(b);
}
