// The Insert dialog: what agents have at hand to put into a message.

import { openDialog } from "../dialog.js";
import { el, icon } from "../dom.js";

const KINDS = [
  ["SNIPPET", "Snippets", "note"],
  ["DOCUMENT", "Documents", "file"],
  ["MEETING", "Meeting links", "clock"],
  ["ARTICLE", "Knowledge base articles", "journal"],
  ["QUOTE", "Quotes", "quote"],
  ["VIDEO", "Videos", "play"],
];

// openInsert lets the agent choose, and gives what was chosen to put.
export async function openInsert({ api, toast }, put, onClose) {
  let inserts;
  try {
    inserts = await api.get("api/inserts");
  } catch (error) {
    toast(error.message, { kind: "bad" });
    return;
  }
  const search = el("input", {
    type: "search", placeholder: "Search", "aria-label": "Search what can be inserted", autofocus: true,
  });
  const groups = KINDS.map(([kind, title, symbol]) => {
    const ofKind = inserts.filter((insert) => insert.kind === kind);
    return group(title, symbol, ofKind, choose);
  });
  const none = el("p", { class: "note", hidden: true }, "Nothing matches.");
  const dialog = openDialog({
    title: "Insert", wide: true, testid: "insert-dialog", body: [search, ...groups.map(({ node }) => node), none], onClose,
  });

  search.addEventListener("input", () => {
    const shown = groups.map(({ filter }) => filter(search.value.trim().toLocaleLowerCase()));
    none.hidden = shown.some(Boolean);
  });

  function choose(insert) {
    dialog.close();
    put(insert);
  }
}

function group(title, symbol, inserts, choose) {
  const items = inserts.map((insert) => ({
    words: `${title} ${insert.title} ${insert.text}`.toLocaleLowerCase(),
    node: el("li", {}, insertButton(symbol, insert, choose)),
  }));
  const node = el("section", { class: "insert-group" }, el("h3", {}, title), el("ul", {}, items.map((item) => item.node)));
  node.hidden = items.length === 0;
  return {
    node,
    filter(text) {
      for (const item of items) item.node.hidden = !item.words.includes(text);
      node.hidden = items.every((item) => item.node.hidden);
      return !node.hidden;
    },
  };
}

function insertButton(symbol, insert, choose) {
  const button = { type: "button", class: "insert-item", "data-testid": `insert-${insert.id}`, onclick: () => choose(insert) };
  return el("button", button, icon(symbol), el("span", {},
    el("b", { dir: "auto" }, insert.title),
    el("span", { class: "note", dir: "auto" }, insert.url ?? insert.text)));
}
