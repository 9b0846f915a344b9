// How values read: times, sizes, outcomes. Each outcome has a sign besides its colour.
import { element } from "./dom.js";

const OUTCOMES = {
  delivered: ["good", "✓"],
  blackholed: ["plain", "○"],
  queued: ["plain", "…"],
  deferred: ["warn", "↻"],
  suppressed: ["warn", "⊘"],
  hard_bounced: ["bad", "✕"],
  soft_bounced: ["bad", "↩"],
  rejected: ["bad", "!"],
};
export const OUTCOME_NAMES = Object.keys(OUTCOMES);
const RESULTS = { pass: ["good", "✓"], fail: ["bad", "✕"], permerror: ["bad", "✕"], none: ["plain", "–"] };

export function words(name) {
  return name.replaceAll("_", " ").replaceAll("-", " ");
}

export function badge(text, mood = "plain", sign = "") {
  return element("span", { class: `badge ${mood}` }, sign && element("span", { "aria-hidden": "true" }, `${sign} `), text);
}

export function outcome(name) {
  const [mood, sign] = OUTCOMES[name] ?? ["bad", "!"];
  return badge(words(name), mood, sign);
}

export function result(name) {
  const [mood, sign] = RESULTS[name] ?? ["warn", "~"];
  return badge(name, mood, sign);
}

// A reply as the client got it; some texts bring their status or code along.
export function reply({ status, code = "", text }) {
  const rest = text.startsWith(code) ? text : `${code} ${text}`;
  return rest.startsWith(String(status)) ? rest : `${status} ${rest}`;
}

export function size(octets) {
  if (octets < 1024) return `${octets} B`;
  if (octets < 1024 ** 2) return `${(octets / 1024).toFixed(octets < 10240 ? 1 : 0)} KB`;
  return `${(octets / 1024 ** 2).toFixed(1)} MB`;
}

export function count(number, one, many = `${one}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const LONG = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

// In lists: the time of today's, the day of all others.
export function when(iso) {
  const moment = new Date(iso);
  const today = moment.toDateString() === new Date().toDateString();
  return element("time", { datetime: iso, title: iso }, (today ? CLOCK : DAY).format(moment));
}

export function moment(iso) {
  return element("time", { datetime: iso, title: iso }, LONG.format(new Date(iso)));
}

// How long after another moment something was: +0.012 s, +4 m, +3 d.
export function later(iso, start) {
  const seconds = (new Date(iso) - new Date(start)) / 1000;
  if (seconds < 100) return `+${seconds.toFixed(seconds < 10 ? 3 : 1)} s`;
  if (seconds < 6000) return `+${Math.round(seconds / 60)} min`;
  return seconds < 172800 ? `+${Math.round(seconds / 3600)} h` : `+${Math.round(seconds / 86400)} d`;
}

export function duration(seconds) {
  const [unit, divisor] = seconds < 120 ? ["s", 1] : seconds < 7200 ? ["min", 60] : seconds < 172800 ? ["h", 3600] : ["d", 86400];
  return `${Math.round(seconds / divisor)} ${unit}`;
}
