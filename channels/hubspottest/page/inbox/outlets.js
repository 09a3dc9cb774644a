// The Channel above the editor: by which way a reply goes, and to which address.

import { byId, el, later } from "../dom.js";
import { choice, offer } from "../ui.js";

export const ADDRESS_TYPES = [
  ["HS_EMAIL_ADDRESS", "E-mail address"],
  ["HS_PHONE_NUMBER", "Phone number"],
  ["CHANNEL_SPECIFIC_OPAQUE_ID", "Id in the service"],
];

export class Outlets {
  #list = [];
  #onChange;
  #select = el("select", { "data-testid": "channel", "aria-label": "Channel" });
  #known = el("span", { class: "outlet-address", dir: "auto" });
  #type = choice(ADDRESS_TYPES, "HS_EMAIL_ADDRESS", { "aria-label": "Kind of address" });
  #value = el("input", {
    "aria-label": "Address of the customer there", placeholder: "Address", "data-testid": "channel-address",
    autocomplete: "off", dir: "auto",
  });
  #render = later(() => this.#show());

  constructor(onChange) {
    this.#onChange = onChange;
    byId("outlets").append(
      el("label", { class: "outlet-label" }, "Channel", this.#select),
      el("span", { class: "outlet-to" }, "to"), this.#known, this.#type, this.#value);
    this.#select.addEventListener("change", () => {
      this.#show();
      onChange();
    });
    for (const control of [this.#type, this.#value]) control.addEventListener("input", () => onChange());
  }

  // offer takes the outlets of the open thread, the one chosen before, and an address typed before.
  offer(list, { via, to } = {}) {
    this.#list = list;
    const name = ({ channelName, accountName }) => [channelName, accountName].filter(Boolean).join(" · ");
    offer(this.#select, list.map((outlet) => [outlet.via, name(outlet)]));
    this.#select.value = list.some((outlet) => outlet.via === via) ? via : list[0].via;
    this.#type.value = to?.type ?? "HS_EMAIL_ADDRESS";
    this.#value.value = to?.value ?? "";
    this.#render();
  }

  get chosen() {
    return this.#list.find(({ via }) => via === this.#select.value) ?? this.#list[0];
  }

  // choice is what a draft keeps and a reply says: nothing for the conversation's own way.
  get choice() {
    const { via, address } = this.chosen;
    return { via: via === this.#list[0].via ? undefined : via, to: address ? undefined : this.#typed };
  }

  get #typed() {
    const value = this.#value.value.trim();
    return value && { type: this.chosen.via === "EMAIL" ? "HS_EMAIL_ADDRESS" : this.#type.value, value };
  }

  // problem says why nothing can be sent over the chosen outlet yet.
  get problem() {
    const { closed, address, channelName } = this.chosen;
    if (closed) return `${closed.replace(/\.?$/, ".")} Choose another channel.`;
    return address || this.#typed ? "" : `Enter the address at which ${channelName} reaches the customer.`;
  }

  #show() {
    const { address, via } = this.chosen;
    this.#known.hidden = !address;
    this.#known.textContent = address?.value ?? "";
    this.#known.title = address?.value ?? "";
    this.#type.hidden = Boolean(address) || via === "EMAIL";
    this.#value.hidden = Boolean(address);
    this.#value.type = via === "EMAIL" ? "email" : "text";
  }
}
