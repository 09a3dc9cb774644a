// The two editors: for plain text, and for rich text where the channel takes it. Both have
// {node, content, setContent, insert, focus, empty}; content is {text, html}, with html undefined in plain text.

import { el } from "../dom.js";
import { forEditor, plainText } from "./richtext.js";

export function plainEditor({ label, placeholder, onInput }) {
  const node = el("textarea", {
    class: "editor", "data-testid": "agent-input", rows: "1", dir: "auto", placeholder,
    "aria-label": label, "aria-describedby": "reply-hint",
    oninput: changed, onblur: () => { place = [node.selectionStart, node.selectionEnd]; }, onfocus: findPlace,
  });
  let place; // where the cursor was when the focus left: a dialog that closes puts it at the start

  function findPlace() {
    if (place) node.setSelectionRange(...place);
    place = undefined;
  }

  // For browsers whose text areas cannot grow by CSS (field-sizing).
  function fit() {
    if (CSS.supports("field-sizing", "content")) return;
    node.style.height = "auto";
    node.style.height = `${node.scrollHeight + 2}px`;
  }

  function changed() {
    fit();
    onInput();
  }

  return {
    node,
    get empty() { return node.value.trim() === ""; },
    content: () => ({ text: node.value, html: undefined }),
    setContent({ text, html }) {
      node.value = text || (html ? plainText(forEditor(html, [])) : "");
      place = undefined;
      changed();
    },
    insert({ text }) {
      const before = node.value.slice(0, node.selectionStart);
      const gap = before && !/\s$/.test(before) ? (text.includes("\n") ? "\n" : " ") : "";
      node.setRangeText(gap + text, node.selectionStart, node.selectionEnd, "end");
      changed();
    },
    focus: () => node.focus(),
  };
}

// richEditor writes what the features of the channel allow, whatever is typed, pasted or dropped into it.
export function richEditor({ label, placeholder, features, onInput, onSelect, onFiles }) {
  const node = el("div", {
    class: "editor rich", "data-testid": "agent-input", contenteditable: "true", dir: "auto",
    role: "textbox", "aria-multiline": "true", "aria-label": label, "aria-describedby": "reply-hint",
    "data-placeholder": placeholder,
    oninput: changed, onpaste: onPaste, ondrop: onDrop, onbeforeinput: onBeforeInput,
    onkeyup: onSelect, onmouseup: onSelect, onblur: keepPlace, onfocus: findPlace,
  });
  let place; // where the cursor was when the focus left

  function changed() {
    node.classList.toggle("blank", isEmpty() && !node.querySelector("li, blockquote"));
    onInput();
    onSelect();
  }

  const isEmpty = () => node.textContent.trim() === "" && !node.querySelector("img");

  // current is what is selected in the editor.
  function current() {
    const selection = getSelection();
    return selection.rangeCount > 0 && node.contains(selection.anchorNode) ? selection.getRangeAt(0) : undefined;
  }

  function select(range) {
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  }

  function keepPlace() {
    place = current()?.cloneRange();
  }

  function findPlace() {
    if (place && node.contains(place.startContainer)) select(place);
    place = undefined;
  }

  function focus() {
    node.focus();
    if (!current()) select(atEnd());
  }

  function atEnd() {
    const range = document.createRange();
    range.selectNodeContents(node.lastElementChild?.matches("p, div, h1, h2, h3") ? node.lastElementChild : node);
    range.collapse(false);
    return range;
  }

  function onPaste(event) {
    event.preventDefault();
    const { files } = event.clipboardData;
    if (files.length > 0) onFiles(files);
    else putData(event.clipboardData);
  }

  function onDrop(event) {
    if (event.dataTransfer.files.length > 0) return; // the whole conversation takes them
    event.preventDefault();
    putData(event.dataTransfer);
  }

  function putData(data) {
    const html = data.getData("text/html");
    if (html) put(forEditor(html, features));
    else document.execCommand("insertText", false, data.getData("text/plain"));
  }

  function onBeforeInput(event) {
    const needs = { formatBold: "BOLD", formatItalic: "ITALIC", formatUnderline: "UNDERLINE" }[event.inputType];
    if (needs && !features.includes(needs)) event.preventDefault();
  }

  // put replaces what is selected. One line goes into the line with the cursor, and blocks after it. The browser's own
  // command for this is no help: it adds styles, which the page's policy forbids.
  function put(content, asBlocks = false) {
    focus();
    const range = current();
    range.deleteContents();
    const [only] = content.childNodes;
    const line = content.childNodes.length === 1 && /^(p|div)$/.test(only.localName) ? only : content;
    const inLine = !asBlocks && !line.querySelector("p, div, ul, ol, blockquote");
    const nodes = [...(inLine ? line : content).childNodes];
    if (nodes.length === 0) return;
    if (inLine) range.insertNode(fragment(nodes));
    else putBlocks(block(range), nodes);
    const end = document.createRange();
    if (inLine) end.setStartAfter(nodes.at(-1));
    else end.selectNodeContents(nodes.at(-1));
    end.collapse(inLine);
    select(end);
    changed();
  }

  // block is the part of the text that a place is in.
  function block(range) {
    let at = range.startContainer === node ? node.childNodes[range.startOffset - 1] : range.startContainer;
    while (at && at.parentNode !== node) at = at.parentNode;
    return at;
  }

  function putBlocks(after, nodes) {
    if (after) after.after(...nodes);
    else node.append(...nodes);
    if (after && after.textContent.trim() === "" && !after.querySelector?.("img")) after.remove();
  }

  return {
    node,
    get empty() { return isEmpty(); },
    content: () => (isEmpty() ? { text: "", html: "" } : { text: plainText(node), html: wire(node, features) }),
    setContent({ text, html }) {
      node.replaceChildren(html ? forEditor(html, features, { marks: true }) : paragraphs(text));
      place = undefined;
      changed();
    },
    // What is inserted keeps its own markup, so it becomes blocks of its own.
    insert: ({ html }) => put(forEditor(html, features, { marks: true }), true),
    insertPicture({ url, preview, name }) {
      put(fragment([el("img", { src: preview.replace(/^\//, ""), "data-src": url, alt: name })]));
    },
    insertLink({ address, text }) {
      put(fragment([el("a", { href: address, target: "_blank", rel: "noopener" }, text)]));
    },
    // format runs one of the browser's own commands, which can be undone like typing.
    format(command, value) {
      focus();
      document.execCommand("styleWithCSS", false, false);
      document.execCommand("defaultParagraphSeparator", false, "p");
      document.execCommand(command, false, value);
      changed();
    },
    has: (command) => Boolean(current()) && document.queryCommandState(command),
    selected: () => current()?.toString() ?? "",
    link: () => {
      const at = current()?.startContainer;
      return (at?.closest ? at : at?.parentNode)?.closest("a");
    },
    focus,
  };
}

function fragment(nodes) {
  const content = document.createDocumentFragment();
  content.append(...nodes);
  return content;
}

function markup(nodes) {
  const holder = document.createElement("div");
  holder.append(nodes);
  return holder.innerHTML;
}

// wire is the HTML that is sent: pictures at HubSpot's address, not at the page's.
function wire(node, features) {
  const copy = node.cloneNode(true);
  for (const image of copy.querySelectorAll("img[data-src]")) image.setAttribute("src", image.dataset.src);
  const clean = forEditor(copy.innerHTML, features, { marks: true });
  for (const image of clean.querySelectorAll("img")) {
    if (image.dataset.src) image.setAttribute("src", image.dataset.src);
    image.removeAttribute("data-src");
    image.removeAttribute("loading");
  }
  wrapLines(clean);
  return markup(clean);
}

// wrapLines makes paragraphs of the lines that the browser left without one.
function wrapLines(content) {
  let line;
  for (const child of [...content.childNodes]) {
    if (child.nodeType === Node.ELEMENT_NODE && /^(p|div|ul|ol|blockquote)$/.test(child.localName)) {
      line = undefined;
      continue;
    }
    if (!line) {
      line = el("p");
      child.before(line);
    }
    line.append(child);
  }
}

function paragraphs(text = "") {
  const content = document.createDocumentFragment();
  if (text) for (const line of text.split("\n")) content.append(el("p", {}, line || el("br")));
  return content;
}
