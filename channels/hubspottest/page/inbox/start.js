// Starting a conversation: the agent writes first.

import { openDialog } from "../dialog.js";
import { el } from "../dom.js";
import { choice, field } from "../ui.js";
import { ADDRESS_TYPES } from "./outlets.js";

export function startConversation({ api, state, navigate, toast }) {
  const accounts = state.info.accounts.filter(({ active, authorized }) => active && authorized);
  if (accounts.length === 0) {
    toast("There is no channel account that is switched on: connect one in the settings first.", {
      kind: "bad", action: { label: "Settings", run: () => navigate("#/settings") },
    });
    return;
  }
  const channelName = (id) => state.info.channels.find((channel) => channel.id === id)?.name;
  const named = accounts.map(({ id, name, channelId }) => [id, [channelName(channelId), name].filter(Boolean).join(" · ")]);
  const account = choice(named, accounts[0].id, { "data-testid": "start-account" });
  const type = choice(ADDRESS_TYPES, kindOf(accounts[0]), { "data-testid": "start-type" });
  const value = el("input", { "data-testid": "start-address", dir: "auto", autocomplete: "off", required: true });
  const name = el("input", { "data-testid": "start-name", dir: "auto", autocomplete: "off" });
  const text = el("textarea", { rows: "4", "data-testid": "start-text", dir: "auto" });
  account.addEventListener("change", () => { type.value = kindOf(accounts.find(({ id }) => id === account.value)); });

  openDialog({
    title: "New conversation",
    testid: "start-dialog",
    body: [
      field("Account", account),
      el("div", { class: "field-row" }, field("Kind of address", type), field("Address", value)),
      field("Name of the customer (optional)", name),
      field("First message", text),
    ],
    actions: [{ label: "Cancel" }, { label: "Send", kind: "primary", testid: "start-send", run: send }],
  });

  async function send() {
    if (!value.value.trim()) throw new Error("Enter the customer's address.");
    if (!text.value.trim()) throw new Error("Write the first message.");
    const { thread } = await api.form("api/threads", {
      accountId: account.value, toType: type.value, toValue: value.value.trim(), name: name.value.trim(), text: text.value,
    });
    if (!state.threads.has(thread.id)) await state.reload();
    navigate(`#/inbox/${encodeURIComponent(thread.id)}`);
  }
}

// An account with an e-mail address or a phone number mostly talks to the same.
const kindOf = ({ deliveryIdentifier }) => deliveryIdentifier?.type ?? "CHANNEL_SPECIFIC_OPAQUE_ID";
