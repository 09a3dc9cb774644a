// How times, sizes and names are shown. Dates follow the reader's own locale.

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const clockWithSeconds = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "short" });
const shortDate = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const longDate = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const complete = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

// valid shows nothing for a time that is missing or malformed.
const valid = (format) => (time) => {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? "" : format(date);
};

export const timeOfDay = valid((date) => clock.format(date));
export const timeWithSeconds = valid((date) => clockWithSeconds.format(date));
export const fullTime = valid((date) => complete.format(date));

// shortTime is for the list: the time today, the weekday in the last week, else the date.
export const shortTime = valid((date) => {
  const days = daysAgo(date);
  if (days <= 0) return clock.format(date);
  return days < 7 ? weekday.format(date) : shortDate.format(date);
});

// dayName heads the messages of one day.
export const dayName = valid((date) => {
  const days = daysAgo(date);
  if (days === 0) return "Today";
  return days === 1 ? "Yesterday" : longDate.format(date);
});

function daysAgo(date) {
  const midnight = (d) => new Date(d.getFullYear(), d.getMonth(), d.getDate());
  return Math.round((midnight(new Date()) - midnight(date)) / 86_400_000);
}

export function fileSize(bytes) {
  if (!(bytes >= 0)) return "";
  const units = ["bytes", "kB", "MB", "GB"];
  let unit = 0;
  while (bytes >= 1000 && unit < units.length - 1) {
    bytes /= 1000;
    unit++;
  }
  return `${bytes < 10 && unit > 0 ? bytes.toFixed(1) : Math.round(bytes)} ${units[unit]}`;
}

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

// initials takes whole graphemes: half of an emoji or of a combined letter is no initial.
export function initials(name) {
  const words = (name ?? "").split(/\s+/u).filter((word) => /[\p{L}\p{N}\p{S}]/u.test(word));
  const ends = words.length > 1 ? [words[0], words.at(-1)] : words;
  return ends.map((word) => first(word)).join("").toLocaleUpperCase() || "?";
}

function first(word) {
  for (const { segment } of graphemes.segment(word)) return segment;
  return "";
}

// tint picks one of the avatar colours of style.css, always the same for the same name.
export function tint(name) {
  let sum = 0;
  for (const character of name ?? "") sum = (sum * 31 + character.codePointAt(0)) % 4096;
  return String(sum % 6);
}

// plural counts things whose plural ends in s.
export const plural = (count, thing) => `${count} ${thing}${count === 1 ? "" : "s"}`;
