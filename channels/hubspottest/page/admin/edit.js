// Edit: the account's name, and its automatic assignment for those who may route.

import { openDialog } from "../dialog.js";
import { el } from "../dom.js";
import { field } from "../ui.js";
import { RoutingForm, sameRouting } from "./routing.js";

export function editAccount({ api, state, toast }, account) {
  const { users, teams, can } = state.info;
  const name = el("input", { type: "text", value: account.name, required: true, disabled: !can.connect, "data-testid": "edit-name" });
  const form = can.route && new RoutingForm({ users, teams, routing: account.routing });

  async function save() {
    const routing = form && form.value();
    if (!name.value.trim()) throw new Error("The account needs a name.");
    if (name.value !== account.name) await api.patch(`api/accounts/${account.id}`, { name: name.value });
    // Each change is an event for the app.
    if (routing && !sameRouting(routing, account.routing)) await api.put(`api/accounts/${account.id}/routing`, routing);
    await state.reload();
    toast("Saved", { kind: "good" });
  }

  openDialog({
    title: `Edit ${account.name}`,
    testid: "edit-account",
    body: [
      field("Name", name, can.connect ? { help: "Agents see it beside each conversation." } : { help: "Only a super-admin changes it." }),
      form ? form.node : el("p", { class: "note" }, "Routing needs a Sales or Service seat."),
    ],
    actions: [{ label: "Cancel", testid: "edit-cancel" }, { label: "Save", kind: "primary", testid: "edit-save", run: save }],
  });
}
