// The files of a message that is being written: their chips, the channel's limits, and dropping them.

import { el, icon } from "../dom.js";
import { fileSize, plural } from "../format.js";

// fileProblems says, before anything is sent, what the channel would not take. Each is {text, id} with the id of the
// file that is to blame, if it is one.
export function fileProblems(outlet, chosen) {
  const { via, channelName: channel, files, maxFiles, maxTotalBytes } = outlet;
  if (chosen.length === 0 || via === "EMAIL") return [];
  const them = chosen.length === 1 ? "it" : "them";
  if (!files) return [{ text: `${channel} takes no files: remove ${them} or choose another channel.` }];
  const problems = chosen.map((one) => ({ id: one.id, text: oneProblem(outlet, one.file) })).filter(({ text }) => text);
  if (chosen.length > maxFiles) {
    const many = plural(maxFiles, "file");
    problems.push({ text: `${channel} takes at most ${many} a message: remove ${chosen.length - maxFiles}.` });
  }
  const total = chosen.reduce((sum, { file }) => sum + file.size, 0);
  if (problems.length === 0 && total > maxTotalBytes) {
    problems.push({ text: `The files are too large together: ${fileSize(total)}, and ${channel} takes at most `
      + `${fileSize(maxTotalBytes)} a message.` });
  }
  return problems;
}

function oneProblem({ channelName: channel, maxFileBytes, fileTypes }, { name, size, type }) {
  if (size > maxFileBytes) {
    return `${name} is too large: ${fileSize(size)}, and ${channel} takes at most ${fileSize(maxFileBytes)} a file.`;
  }
  return takes(fileTypes, type) ? "" : `${channel} does not take ${name}: it takes ${fileTypes.join(", ")}.`;
}

// A type that the browser does not know is left to the simulator.
function takes(types, type) {
  if (types.length === 0 || !type) return true;
  return types.some((allowed) => allowed === type || allowed === "*/*"
    || (allowed.endsWith("/*") && type.startsWith(allowed.slice(0, -1))));
}

export function chipView({ id, file }, onRemove) {
  const node = el("li", { class: "chip", "data-testid": "chip" }, thumbnail(file),
    el("span", { class: "file-name", dir: "auto" }, file.name),
    el("span", { class: "file-size" }, fileSize(file.size)),
    el("button", { type: "button", class: "quiet", "aria-label": `Remove ${file.name}`, onclick: () => onRemove(id) },
      icon("cross")));
  return { node, update({ bad }) { node.toggleAttribute("data-bad", bad); } };
}

function thumbnail(file) {
  if (!file.type.startsWith("image/")) return icon("file");
  const url = URL.createObjectURL(file);
  const image = el("img", { src: url, alt: "" });
  for (const type of ["load", "error"]) image.addEventListener(type, () => URL.revokeObjectURL(url), { once: true });
  return image;
}

// acceptDrops marks the target while files hang over it. Enter and leave come for every child, so they
// are counted.
export function acceptDrops(target, onFiles) {
  let depth = 0;
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  const mark = () => target.classList.toggle("dropping", depth > 0);
  target.addEventListener("dragenter", (event) => {
    if (!hasFiles(event)) return;
    depth++;
    mark();
  });
  target.addEventListener("dragleave", (event) => {
    if (!hasFiles(event)) return;
    depth = Math.max(0, depth - 1);
    mark();
  });
  target.addEventListener("dragover", (event) => { if (hasFiles(event)) event.preventDefault(); });
  target.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth = 0;
    mark();
    onFiles(event.dataTransfer.files);
  });
}
