// The menu on the right of the top: whose page this is, and who else it could be.

import { choose } from "./api.js";
import { openDialog } from "./dialog.js";
import { byId, el, later, setText } from "./dom.js";
import { avatar, menu } from "./ui.js";

const KEYS = [
  ["j, k", "next and previous conversation"],
  ["↑, ↓", "walk through the list"],
  ["/", "search"],
  ["r", "write a reply"],
  ["c", "write a comment"],
  ["Esc", "leave the editor"],
  ["Ctrl or ⌘ + Enter", "send"],
  ["Ctrl or ⌘ + B, I, U, K", "bold, italic, underlined, link"],
];

export class AccountMenu {
  #context;
  #face = el("span", { class: "account-face" });
  #name = el("span", { class: "account-name", dir: "auto" });
  #portal = el("span", { class: "account-portal", dir: "auto" });

  constructor(context) {
    this.#context = context;
    byId("account").replaceWith(menu({
      label: "Account and user", className: "quiet account", testid: "user-menu", items: () => this.#items(),
      content: [this.#face, el("span", { class: "account-names" }, this.#name, this.#portal)],
    }));
    context.state.on("state", later(() => this.#render()));
  }

  #render() {
    const { agent, portal } = this.#context.state.info;
    this.#face.replaceChildren(avatar(agent.name, { url: agent.avatar }));
    setText(this.#name, agent.name);
    setText(this.#portal, portal.name);
  }

  #items() {
    const { agent, portal, portals, users } = this.#context.state.info;
    return [
      { heading: "You act as" },
      ...users.map((user) => ({
        label: user.name, note: role(user), checked: user.actorId === agent.actorId, testid: `user-${user.actorId}`,
        run: () => choose({ portal: portal.id, user: user.actorId }),
      })),
      { label: "Away: nothing is assigned to me", checked: agent.away, run: () => this.#set({ away: !agent.away }) },
      portals.length > 1 && { heading: "Account" },
      ...(portals.length > 1 ? portals.map((other) => ({
        label: other.name, note: String(other.id), checked: other.id === portal.id, run: () => choose({ portal: other.id }),
      })) : []),
      { heading: "Help" },
      { label: "Keyboard", icon: "note", run: showKeys },
    ];
  }

  async #set(change) {
    try {
      await this.#context.api.put("api/me", change);
      await this.#context.state.reload();
    } catch (error) {
      this.#context.toast(error.message, { kind: "bad" });
    }
  }
}

function role({ superAdmin, seat }) {
  const seats = { SERVICE: "Service seat", SALES: "Sales seat" };
  return [superAdmin && "super-admin", seats[seat]].filter(Boolean).join(", ") || "no seat";
}

function showKeys() {
  openDialog({
    title: "Keyboard",
    body: el("dl", { class: "keys" }, KEYS.flatMap(([key, does]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, does)])),
    actions: [{ label: "Close" }],
  });
}
