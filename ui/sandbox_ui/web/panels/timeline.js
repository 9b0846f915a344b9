// What happened to each recipient, in order, and buttons for what may happen next.
import * as api from "../api.js";
import { button, card, element } from "../dom.js";
import { later, moment, outcome, words } from "../format.js";
import { attempt, tell } from "../tell.js";

const NEXT = [
  ["open", "Open"],
  ["click", "Click"],
  ["unsubscribe", "Unsubscribe"],
  ["complaint", "Complain"],
  ["soft-bounce", "Soft bounce"],
  ["bounce", "Bounce"],
];
const MOODS = { delivered: "good", received: "good", rejected: "bad", deferred: "warn", suppressed: "warn", hard_bounced: "bad", soft_bounced: "bad", complained: "bad" };
const OPENED = 20; // recipients whose timelines are unfolded at first
const UNTOLD = new Set(["outcome", "detail", "simulated"]);

// `folding` keeps what is unfolded from one drawing of the message to the next.
export async function timeline(message, folding) {
  const { items } = await api.reports(message.id);
  const cards = message.recipients.map((one, at) => recipient(message, one, { reports: items, folding, open: at < OPENED }));
  return element("div", { class: "cards one" }, ...cards);
}

function recipient(message, one, { reports, folding, open }) {
  const accepted = { at: message.times.accepted, type: "message.accepted", data: { detail: `by ${message.provider} over ${message.channel}` } };
  const own = reports.filter((report) => report.about.includes(one.address));
  const happened = [accepted, ...one.events].map((event) => entry(event, message.times.accepted));
  const due = one.due ? element("p", { class: "faint" }, "Next attempt ", moment(one.due)) : null;
  const summary = element("summary", {}, element("strong", {}, one.address), " ", outcome(one.outcome));
  return folding.details(
    one.address,
    open,
    { class: "card" },
    summary,
    element("ol", { class: "timeline" }, ...happened, ...own.map((report) => written(report, message.times.accepted, folding))),
    due,
    simulator(message, one),
  );
}

function entry(event, start) {
  const name = event.type.split(".").at(-1);
  const more = Object.entries(event.data).filter(([key, value]) => value && !UNTOLD.has(key) && typeof value !== "object");
  return element(
    "li",
    { class: MOODS[name] ?? "plain" },
    element("span", { class: "what" }, words(name), event.data.simulated ? " (simulated)" : ""),
    element("time", { datetime: event.at, title: event.at }, later(event.at, start)),
    event.data.detail ? element("span", { class: "detail-text" }, event.data.detail) : null,
    more.length ? element("span", { class: "faint" }, more.map(([key, value]) => `${words(key)}: ${value}`).join(" · ")) : null,
  );
}

function written(report, start, folding) {
  const to = report.recipient ? `to ${report.recipient}` : "to nobody: the sender is null";
  return element(
    "li",
    { class: "plain" },
    element("span", { class: "what" }, `${words(report.kind)} report`),
    element("time", { datetime: report.created, title: report.created }, later(report.created, start)),
    element("span", { class: "detail-text" }, to),
    reading(report, folding),
  );
}

function reading(report, folding) {
  const text = element("pre", { class: "source", tabindex: 0, "aria-label": "Report" });
  const download = element("a", { href: api.reportUrl(report.id), download: "" }, "Download");
  const details = folding.details(report.id, false, {}, element("summary", {}, "Read it"), text, download);
  details.addEventListener("toggle", async () => {
    if (details.open && !text.textContent) text.textContent = (await attempt(() => api.report(report.id))) ?? "";
  });
  return details;
}

function simulator(message, one) {
  const happen = (event, name) => async () => {
    const done = await attempt(() => api.simulate(event, message.id, one.address));
    if (done) tell(`${name}: ${done.detail || words(done.event)}${done.suppressed ? "; the address is suppressed now" : ""}`);
  };
  const buttons = NEXT.map(([event, name]) => button(name, happen(event, name), { class: "small", "data-event": event }));
  return element("div", { class: "simulate", role: "group", "aria-label": `Simulate for ${one.address}` }, element("span", { class: "faint" }, "Simulate"), ...buttons);
}
