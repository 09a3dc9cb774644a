// What a message carries besides its text: images, sound, video, files, and what else a service may send.

import { byId, el, icon, ownUrl } from "../dom.js";
import { fileSize } from "../format.js";
import { safeAddress } from "./richtext.js";

// attachmentNode shows media by what it is used as, and by its content type where that is not said.
export function attachmentNode(attachment) {
  if (attachment.type && attachment.type !== "FILE") return otherNode(attachment);
  const url = ownUrl(attachment.url);
  if (!url) return fileNode(attachment);
  switch (mediaKind(attachment)) {
    case "image": return imageNode(attachment, url);
    case "audio": return playerNode("audio", attachment, url);
    case "video": return playerNode("video", attachment, url);
    case "clip": return clipNode(attachment, url);
    default: return fileNode(attachment, url);
  }
}

// The formats of recordings hold sound or film, so a voice message may have a film's content type, and a sticker may move.
function mediaKind({ usage, contentType = "" }) {
  const kind = contentType.split("/")[0];
  if (usage === "STICKER" && kind === "video") return "clip";
  if (usage === "IMAGE" || usage === "STICKER") return "image";
  if (usage === "AUDIO" || usage === "VOICE_RECORDING") return "audio";
  return kind;
}

// Only what is looked at is fetched: a conversation may have hundreds of pictures.
function imageNode(attachment, url) {
  const sticker = attachment.usage === "STICKER";
  const name = attachment.name || "Image";
  const image = el("img", { src: url, alt: sticker ? `Sticker ${name}` : name, loading: "lazy" });
  const button = el("button", {
    type: "button", class: sticker ? "image sticker" : "image", title: `Enlarge ${name}`,
    "data-testid": sticker ? "sticker" : "image",
    onclick: () => enlarge(name, url),
  }, image);
  image.addEventListener("error", () => button.replaceWith(fileNode(attachment, url)), { once: true });
  return button;
}

function enlarge(name, url) {
  const image = byId("lightbox-image");
  const link = byId("lightbox-open");
  image.src = url;
  image.alt = name;
  link.href = url;
  link.textContent = name;
  byId("lightbox").showModal();
}

// A click beside the picture closes it, like Escape does.
export function startLightbox() {
  const dialog = byId("lightbox");
  dialog.addEventListener("click", ({ target }) => {
    if (target === dialog || target === byId("lightbox-image")) dialog.close();
  });
}

// A player whose file cannot be played here makes place for the file itself.
function playerNode(tag, attachment, url) {
  const voice = attachment.usage === "VOICE_RECORDING";
  const label = voice ? "Voice message" : attachment.name || tag;
  const player = el(tag, { src: url, controls: true, preload: "metadata", "aria-label": label });
  const node = el("figure", { class: voice ? "audio voice" : tag, "data-testid": voice ? "voice" : tag },
    el("figcaption", { dir: "auto" }, icon(voice ? "play" : "file"), el("span", {}, label)), player);
  player.addEventListener("error", () => player.replaceWith(fileNode(attachment, url)), { once: true });
  return node;
}

// A sticker that moves plays by itself, unless the reader wants nothing to move.
function clipNode(attachment, url) {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const clip = el("video", {
    src: url, class: "clip", loop: true, autoplay: !still, controls: still, "data-testid": "sticker",
    "aria-label": `Sticker ${attachment.name || ""}`.trim(),
  });
  clip.muted = true; // as an attribute it comes too late for a player made by a script, and sound must not play by itself
  clip.addEventListener("error", () => clip.replaceWith(fileNode(attachment, url)), { once: true });
  return clip;
}

function fileNode(attachment, url) {
  const name = attachment.name || "File";
  const properties = url ? { class: "file", href: url, download: name } : { class: "file" };
  return el(url ? "a" : "span", { ...properties, "data-testid": "file" },
    icon("file"), el("span", { class: "file-name", dir: "auto" }, name),
    el("span", { class: "file-size" }, fileSize(attachment.size)), url && icon("download"));
}

const others = {
  LOCATION: locationNode,
  CONTACT: contactNode,
  QUICK_REPLIES: quickRepliesNode,
  MESSAGE_HEADER: headerNode,
  SOCIAL_MEDIA_METADATA: socialNode,
  UNSUPPORTED_CONTENT: () => noteNode("The customer sent something that the inbox cannot show. Ask for it in another form."),
};

function otherNode(attachment) {
  const make = others[attachment.type] ?? (() => noteNode(`Attachment of type ${attachment.type}`));
  const node = make({ ...attachment, ...attachment.raw });
  node.dataset.testid = attachment.type.toLowerCase();
  return node;
}

const noteNode = (text) => el("span", { class: "file note-file" },
  icon("note"), el("span", { class: "file-name", dir: "auto" }, text));

function outward(address, ...children) {
  const safe = safeAddress(address);
  return el(safe ? "a" : "span", safe && { href: safe, target: "_blank", rel: "noopener noreferrer nofollow" }, ...children);
}

function card(symbol, title, ...lines) {
  return el("div", { class: "card-file" }, icon(symbol), el("div", {}, title && el("b", { dir: "auto" }, title),
    lines.filter(Boolean).map((line) => el("p", { dir: "auto" }, line))));
}

function locationNode({ name, address, latitude, longitude, url }) {
  const place = [latitude, longitude].every(Number.isFinite) ? `${latitude}, ${longitude}` : "";
  const map = `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=16/${latitude}/${longitude}`;
  return card("pin", name || "Location", address, place && outward(safeAddress(url) ?? map, place));
}

function contactNode({ contactProfile = {} }) {
  const { name = {}, org = {}, phones = [], emails = [], urls = [], addresses = [] } = contactProfile;
  const full = [name.prefix, name.firstName, name.middleName, name.lastName, name.suffix].filter(Boolean).join(" ");
  return card("person", full || "Contact", [org.title, org.company].filter(Boolean).join(", "),
    ...phones.map(({ phone }) => phone && outward(`tel:${phone.replace(/[^\d+]/g, "")}`, phone)),
    ...emails.map(({ email }) => email && outward(`mailto:${email}`, email)),
    ...urls.map(({ url }) => url && outward(url, url)),
    ...addresses.map((a) => [a.street, a.zip, a.city, a.country].filter(Boolean).join(", ")));
}

function quickRepliesNode({ quickReplies = [] }) {
  return el("ul", { class: "quick-replies", "aria-label": "Quick replies" }, quickReplies.map(({ label, value, valueType }) =>
    el("li", { dir: "auto" }, valueType === "URL" ? outward(value, label || value) : label || value)));
}

function headerNode({ text, fileId }) {
  const picture = fileId && ownUrl(`simulator/api/files/${encodeURIComponent(fileId)}`);
  const image = picture && el("img", { src: picture, alt: "", loading: "lazy" });
  image?.addEventListener("error", () => image.remove(), { once: true });
  return el("div", { class: "header-file" }, image, text && el("b", { dir: "auto" }, text));
}

function socialNode({ socialMetadata = {} }) {
  const { mediaType = "", mediaTitle, description, mediaUrl, mediaUrlString } = socialMetadata;
  const address = safeAddress(mediaUrlString ?? mediaUrl);
  const title = mediaTitle || `A post (${mediaType.toLowerCase() || "social media"})`;
  return card("chat", title, description, address && outward(address, new URL(address).hostname));
}
