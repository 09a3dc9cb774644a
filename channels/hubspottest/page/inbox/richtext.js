// Rich text is HTML that anybody may have written. It is parsed into a document that runs and loads nothing,
// and what is shown is built anew from a list of what is allowed: names, attributes and styles that are not
// listed do not get through, whatever they are.

import { el, ownUrl, setAttribute } from "../dom.js";

// What an editor may offer, and the elements that it makes.
const FEATURES = {
  BOLD: ["b", "strong"],
  ITALIC: ["i", "em"],
  UNDERLINE: ["u", "ins"],
  HYPERLINK: ["a"],
  LISTS: ["ul", "ol", "li"],
  BLOCKQUOTE: ["blockquote"],
  PICTURES: ["img"],
};
const ALWAYS = ["p", "div", "br", "span"];
const OTHERS = ["s", "del", "strike", "sub", "sup", "code", "pre", "mark", "small", "h1", "h2", "h3", "h4", "h5", "h6", "hr",
  "table", "thead", "tbody", "tr", "td", "th", "font"];
const DROPPED = new Set(["script", "style", "template", "noscript", "iframe", "object", "embed", "svg", "math", "title", "head",
  "textarea", "select", "button", "audio", "video", "canvas", "form", "input", "link", "meta", "base"]);
const BLOCKS = new Set(["p", "div", "ul", "ol", "li", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "hr",
  "table", "tr"]);
const STYLES = ["color", "background-color", "font-size", "text-align", "font-style", "font-weight", "text-decoration-line"];
const MARKS = ["data-top-level", "class"]; // of HubSpot's own editor
const COLOURS = ["color", "background-color"];

// shown are all elements that a message may have, and allowed those of an editor with some features.
const shown = new Set([...ALWAYS, ...OTHERS, ...Object.values(FEATURES).flat()]);
const allowed = (features) => new Set([...ALWAYS, ...features.flatMap((feature) => FEATURES[feature] ?? [])]);

// render builds what a message's rich text looks like, and says whether it brings colours of its own, which
// are made for a white page.
export function render(html) {
  const look = { elements: shown, styles: true, coloured: false };
  const content = build(html, look);
  return { content, coloured: look.coloured };
}

// forEditor builds what may be put into an editor: the elements that its features make, with the markup's own
// marks if it is one of HubSpot's.
export function forEditor(html, features, { marks = false } = {}) {
  return build(html, { elements: allowed(features), marks });
}

function build(html, look) {
  const source = new DOMParser().parseFromString(quiet(html), "text/html");
  const content = document.createDocumentFragment();
  copyChildren(source.body, content, look);
  return content;
}

// quiet renames what the page's policy would report at once, though nothing of it can run: it would hide real
// reports. What slips through is reported, and still is not copied.
function quiet(html) {
  return html.replace(/<[a-z\/](?:[^"'<>]|"[^"]*"|'[^']*')*>/gi, (tag) => tag
    .replace(/^<(\/?)(style|script)\b/i, "<$1template")
    .replace(/("[^"]*"|'[^']*')|([\s/"'])(style|on[a-z]+)(?=\s*=)/gi,
      (all, quoted, before, name) => quoted ?? `${before}data-${name}`));
}

function copyChildren(from, to, look) {
  for (const node of from.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) to.append(node.data);
    else if (node.nodeType === Node.ELEMENT_NODE) copyElement(node, to, look);
  }
}

function copyElement(node, to, look) {
  const name = node.localName;
  if (DROPPED.has(name)) return;
  const make = makers[name] ?? (() => document.createElement(name));
  const copy = look.elements.has(name) && make(node);
  if (!copy) {
    copyChildren(node, to, look);
    if (BLOCKS.has(name)) to.append(document.createElement("br"));
    return;
  }
  if (look.styles) copyStyles(node, copy, look);
  if (look.marks) for (const mark of MARKS) setAttribute(copy, mark, node.getAttribute(mark) ?? copy.getAttribute(mark));
  to.append(copy);
  copyChildren(node, copy, look);
  if (copy.localName === "span" && copy.attributes.length === 0) copy.replaceWith(...copy.childNodes);
}

// makers build the elements that need more than their name.
const makers = {
  a: (node) => {
    const address = safeAddress(node.getAttribute("href"));
    return address && el("a", { href: address, target: "_blank", rel: "noopener noreferrer nofollow" });
  },
  img: (node) => picture(node),
  font: (node) => {
    const span = document.createElement("span");
    if (node.hasAttribute("color")) span.style.color = node.getAttribute("color");
    return span;
  },
  ol: (node) => el("ol", { start: number(node, "start") }),
  td: (node) => el("td", spans(node)),
  th: (node) => el("th", spans(node)),
};

const spans = (node) => ({ colspan: number(node, "colspan"), rowspan: number(node, "rowspan") });

// number is an attribute that is a count of at most four digits.
const number = (node, name) => (/^\d{1,4}$/.test(node.getAttribute(name) ?? "") ? node.getAttribute(name) : undefined);

// safeAddress lets through what a reader expects of a link: the web, mail and phone.
export function safeAddress(address) {
  try {
    const url = new URL(address?.trim() ?? "");
    return ["http:", "https:", "mailto:", "tel:"].includes(url.protocol) ? url.href : undefined;
  } catch {
    return undefined;
  }
}

// A picture from elsewhere is not loaded, because that would tell its owner who reads when. A link stands for it.
function picture(node) {
  const address = node.getAttribute("src") ?? "";
  const name = node.getAttribute("alt") || "Picture";
  const own = ownPicture(address);
  if (own) {
    return el("img", {
      src: own, alt: name, loading: "lazy", "data-src": own === address ? undefined : address,
      width: number(node, "width"), height: number(node, "height"),
    });
  }
  const elsewhere = safeAddress(address);
  if (!elsewhere || node.closest("a")) return el("span", { class: "picture-away" }, `[${name}]`);
  return el("a", { class: "picture-away", href: elsewhere, target: "_blank", rel: "noopener noreferrer nofollow" },
    `${name} (${new URL(elsewhere).hostname})`);
}

// ownPicture is where the page finds a picture that the simulator has: HubSpot's own addresses are behind a login.
function ownPicture(address) {
  const file = /\/filemanager\/api\/v2\/files\/(\d+)\/signed-url-redirect/.exec(address)
    ?? /\/hubfs\/\d+\/(\d+)\//.exec(address);
  if (file) return ownUrl(`simulator/api/files/${file[1]}`);
  const preview = /\/simulator\/library\/([\w-]+)\/preview\.png$/.exec(address);
  if (preview) return ownUrl(`simulator/library/${preview[1]}/preview.png`);
  if (/^data:image\/(png|jpeg|gif|webp);base64,/.test(address)) return address;
  return /^simulator\/(api\/files|library)\//.test(address) ? ownUrl(address) : undefined; // the editor's own
}

// copyStyles goes through a style of its own making: the parsed document's attribute is only read as text.
function copyStyles(node, copy, look) {
  const text = node.getAttribute("data-style") ?? node.getAttribute("style");
  if (!text) return;
  const scratch = document.createElement("span").style;
  scratch.cssText = text;
  for (const name of STYLES) {
    const value = scratch.getPropertyValue(name);
    if (!value || value === "initial" || value.includes("url(") || (name === "font-size" && !reasonable(value))) continue;
    copy.style.setProperty(name, value);
    if (COLOURS.includes(name)) look.coloured = true;
  }
}

// reasonable keeps a text readable and its bubble whole.
function reasonable(size) {
  const match = /^([\d.]+)(px|pt|em|rem|%)$/.exec(size);
  if (!match) return /^(x-small|small|medium|large|x-large|smaller|larger)$/.test(size);
  const px = Number(match[1]) * { px: 1, pt: 4 / 3, em: 16, rem: 16, "%": 0.16 }[match[2]];
  return px >= 9 && px <= 40;
}

// plainText is what a rich text says to somebody who sees only text: a line per block, and where links lead.
export function plainText(root) {
  const out = { text: "" };
  write(root, out);
  return out.text.replace(/\n{3,}/g, "\n\n").replace(/^\n+|\n+$/g, "");
}

function write(node, out) {
  for (const child of node.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) out.text += child.data.replace(/[\n\u00a0]/g, " ");
    else if (child.localName === "br") lineBreak(child, out);
    else if (child.localName === "img") out.text += child.closest("a") ? child.alt : "";
    else if (child.localName === "a") writeLink(child, out);
    else if (BLOCKS.has(child.localName)) writeBlock(child, out);
    else write(child, out);
  }
}

// The break that an editor keeps in an empty line ends no line of its own.
function lineBreak(node, out) {
  if (node.nextSibling || !BLOCKS.has(node.parentNode.localName)) out.text += "\n";
}

function writeLink(link, out) {
  const inner = { text: "" };
  write(link, inner);
  const address = link.getAttribute("href") ?? "";
  const text = inner.text.trim();
  const same = [address, address.replace(/^(mailto|tel):/, ""), address.replace(/\/$/, "")].includes(text);
  out.text += same ? inner.text : `${inner.text} ${address}`;
}

function writeBlock(block, out) {
  if (out.text && !out.text.endsWith("\n")) out.text += "\n";
  const start = out.text.length;
  if (block.localName === "li") out.text += bullet(block);
  const inner = { text: "" };
  write(block, inner);
  const lines = inner.text.replace(/\n$/, "");
  out.text += block.localName === "blockquote" ? lines.replace(/^/gm, "> ") : lines;
  if (out.text.length > start || block.localName === "p" || block.localName === "div") out.text += "\n";
}

function bullet(item) {
  if (item.parentNode?.localName !== "ol") return "• ";
  const items = [...item.parentNode.children].filter(({ localName }) => localName === "li");
  return `${items.indexOf(item) + (item.parentNode.start || 1)}. `;
}
