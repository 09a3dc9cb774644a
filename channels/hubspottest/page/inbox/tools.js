// The icons under the editor.

import { openDialog } from "../dialog.js";
import { el, icon } from "../dom.js";
import { field } from "../ui.js";
import { safeAddress } from "./richtext.js";

const FORMATS = [
  { feature: "BOLD", command: "bold", symbol: "bold", label: "Bold" },
  { feature: "ITALIC", command: "italic", symbol: "italic", label: "Italic" },
  { feature: "UNDERLINE", command: "underline", symbol: "underline", label: "Underline" },
  { feature: "LISTS", command: "insertUnorderedList", symbol: "list", label: "List" },
  { feature: "LISTS", command: "insertOrderedList", symbol: "numbers", label: "Numbered list" },
];

// editorTools builds the row of icons for an editor with some features, and {update}, which marks what holds at the
// cursor. The other options are what the channel takes, and what is done with what is chosen.
export function editorTools(editor, { features, takesFiles, takesPictures, onFiles, onPictures, onInsert, comment }) {
  const formats = FORMATS.filter(({ feature }) => features.includes(feature)).map((format) => ({
    ...format,
    button: tool(format.symbol, format.label, () => editor.format(format.command), { "aria-pressed": "false" }),
  }));
  const nodes = formats.map(({ button }) => button);
  if (features.includes("HYPERLINK")) nodes.push(tool("link", "Link", () => editLink(editor)));
  if (!comment) {
    if (takesPictures || takesFiles) {
      nodes.push(picker("image", "Image", { accept: "image/*", testid: "agent-image", onFiles: onPictures }));
    }
    const label = takesFiles ? "Attach files" : "Attach files: this channel takes none";
    nodes.push(picker("clip", label, { multiple: true, testid: "agent-file", onFiles, disabled: !takesFiles }));
    nodes.push(insertTool(onInsert));
  }
  return {
    nodes,
    update() {
      for (const { button, command } of formats) button.setAttribute("aria-pressed", String(editor.has(command)));
    },
  };
}

// A press of a tool must not take the cursor out of the editor.
const keepSelection = (event) => event.preventDefault();

function tool(symbol, label, run, properties) {
  return el("button", {
    type: "button", class: "tool", "aria-label": label, title: label, "data-testid": `tool-${symbol}`,
    onmousedown: keepSelection, onclick: run, ...properties,
  }, icon(symbol));
}

const insertTool = (run) => el("button", {
  type: "button", class: "quiet small tool-insert", "aria-label": "Insert", title: "Insert", "data-testid": "insert",
  onmousedown: keepSelection, onclick: run,
}, icon("insert"), el("span", {}, "Insert"));

// picker is a file input that looks like a tool.
function picker(symbol, label, { accept, multiple, testid, onFiles, disabled }) {
  const input = el("input", { type: "file", accept, multiple, disabled, "aria-label": label, "data-testid": testid });
  input.addEventListener("change", () => {
    onFiles([...input.files]);
    input.value = ""; // the same file may be chosen again
  });
  return el("label", { class: "tool", title: label, "data-disabled": disabled }, icon(symbol), input);
}

// editLink asks for the address, and for the text where none is selected. While the dialog is open nothing under it
// can have the focus, so the link is put after it.
export function editLink(editor) {
  const existing = editor.link();
  const text = el("input", { value: existing?.textContent ?? editor.selected(), "data-testid": "link-text", dir: "auto" });
  const address = el("input", {
    type: "url", value: existing?.href ?? "", placeholder: "https://", "data-testid": "link-address", autofocus: true,
  });
  let put = () => {};
  openDialog({
    title: existing ? "Change the link" : "Link",
    body: [field("Text", text), field("Address", address)],
    actions: [
      existing && { label: "Remove link", run: () => { put = () => existing.replaceWith(...existing.childNodes); } },
      { label: "Cancel" },
      {
        label: "Link", kind: "primary", testid: "link-done",
        run: () => { put = link(editor, existing, text.value.trim(), address.value.trim()); },
      },
    ].filter(Boolean),
    onClose: () => {
      editor.focus();
      put();
    },
  });
}

// link returns what puts a link, or throws what is wrong with it.
function link(editor, existing, text, typed) {
  const address = safeAddress(/^[a-z]+:/i.test(typed) ? typed : `https://${typed}`);
  if (!typed || !address) throw new Error("Enter a web address, such as https://example.com/help.");
  if (!existing) return () => editor.insertLink({ address, text: text || address });
  return () => {
    existing.href = address;
    if (text) existing.textContent = text;
  };
}
