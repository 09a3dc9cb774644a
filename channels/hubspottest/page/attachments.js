// What a message carries besides its text: images, sound, video, files, and notes for the rest.

import { byId, el, icon, ownUrl } from "./dom.js";
import { fileSize } from "./format.js";

// attachmentNode shows media by what it is used as, and by its content type where that is not said.
export function attachmentNode(attachment) {
  if (attachment.type && attachment.type !== "FILE") return noteNode(attachment);
  const url = ownUrl(attachment.url);
  if (!url) return fileNode(attachment);
  switch (mediaKind(attachment)) {
    case "image": return imageNode(attachment, url);
    case "audio": return playerNode("audio", attachment, url);
    case "video": return playerNode("video", attachment, url);
    default: return fileNode(attachment, url);
  }
}

function mediaKind({ usage, contentType = "" }) {
  if (usage === "IMAGE" || usage === "STICKER") return "image";
  const kind = contentType.split("/")[0];
  if (usage === "AUDIO" || usage === "VOICE_RECORDING") return kind === "video" ? "video" : "audio";
  return kind;
}

function imageNode(attachment, url) {
  const name = attachment.name || "Image";
  const image = el("img", { src: url, alt: name });
  const button = el("button", {
    type: "button",
    class: attachment.usage === "STICKER" ? "image sticker" : "image",
    title: `Enlarge ${name}`,
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

function playerNode(tag, attachment, url) {
  const label = attachment.usage === "VOICE_RECORDING" ? "Voice message" : attachment.name || tag;
  const player = el(tag, { src: url, controls: true, preload: "metadata", "aria-label": label });
  return el("figure", { class: tag }, player, el("figcaption", { dir: "auto" }, label));
}

function fileNode(attachment, url) {
  const name = attachment.name || "File";
  const properties = url ? { class: "file", href: url, download: name } : { class: "file" };
  return el(url ? "a" : "span", properties,
    icon("file"), el("span", { class: "file-name", dir: "auto" }, name),
    el("span", { class: "file-size" }, fileSize(attachment.size)));
}

const notes = {
  LOCATION: (a) => ["pin", [a.name, a.address].filter(Boolean).join(", ") || coordinates(a) || "A location"],
  CONTACT: (a) => ["person", contactName(a) || "A contact card"],
  QUICK_REPLIES: (a) => ["chat", `Quick replies: ${labels(a) || "none"}`],
  MESSAGE_HEADER: (a) => ["note", a.text || "A header"],
  SOCIAL_MEDIA_METADATA: (a) => ["note", a.socialMetadata?.mediaTitle || "A post on a social network"],
  UNSUPPORTED_CONTENT: () => ["note", "Something that the inbox cannot show"],
};

function noteNode(attachment) {
  const note = notes[attachment.type] ?? (() => ["note", `Attachment of type ${attachment.type}`]);
  const [symbol, text] = note({ ...attachment, ...attachment.raw });
  return el("span", { class: "file note" }, icon(symbol), el("span", { class: "file-name", dir: "auto" }, text));
}

const coordinates = ({ latitude, longitude }) => (latitude === undefined ? "" : `${latitude}, ${longitude}`);

const contactName = ({ contactProfile: { name = {} } = {} }) =>
  [name.firstName, name.lastName].filter(Boolean).join(" ");

const labels = ({ quickReplies = [] }) => quickReplies.map((reply) => reply.label || reply.value).join(" · ");
