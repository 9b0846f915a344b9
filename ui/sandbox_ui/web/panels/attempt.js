// One conversation: why it was refused, what would have made it pass, what was accepted, and every word with its time.
import * as api from "../api.js";
import { card, element, pairs } from "../dom.js";
import { badge, later, moment, reply } from "../format.js";
import { link } from "../route.js";
import { copyButton } from "../tell.js";

const SIDES = { client: "C", server: "S", sandbox: "#" };

export async function showAttempt(id) {
  const session = await api.session(id);
  return [
    element("div", { class: "head" }, element("h2", {}, session.summary || `${session.provider} ${session.channel}`), facts(session)),
    ...session.refusals.map(refusal),
    messages(session.messages),
    transcript(session),
  ];
}

function facts(session) {
  const extra = Object.entries(session.extra).filter(([, value]) => ["string", "number", "boolean"].includes(typeof value));
  return pairs([
    ["Service", `${session.provider} ${session.channel}`],
    ["Client", session.client],
    ["User", session.user || "nobody logged in"],
    ["Time", element("span", {}, moment(session.started), session.ended ? `, lasted ${later(session.ended, session.started).slice(1)}` : ", goes on")],
    ...extra.map(([name, value]) => [name, String(value)]),
  ]);
}

function refusal(one) {
  const how = one.forced ? badge("forced by you", "warn", "⚡") : badge("real behaviour", "plain", "●");
  const rows = [
    ["At", one.stage],
    ["Cause", one.trigger],
    ["To pass", one.remedy || one.entry?.description],
    ["Meaning", one.entry?.description],
    ["Source", one.entry?.source],
    ["Row", element("a", { href: link({ view: "errors", id: one.error }) }, one.error)],
  ].filter(([, value]) => value);
  return element(
    "section",
    { class: "card refusal" },
    element("div", { class: "row" }, element("h3", { class: "bad" }, reply(one)), how),
    pairs(rows),
  );
}

function messages(ids) {
  if (!ids.length) return null;
  const links = ids.map((id) => element("li", {}, element("a", { href: link({ view: "messages", id }) }, id)));
  return card("Accepted in it", element("ul", { class: "found" }, ...links));
}

function transcript({ lines, started }) {
  const rows = lines.map((line) =>
    element(
      "tr",
      { class: `said-${line.side}` },
      element("td", { class: "number faint", title: line.at }, later(line.at, started)),
      element("th", { scope: "row", title: line.side }, element("span", { "aria-hidden": "true" }, SIDES[line.side]), element("span", { class: "hidden" }, line.side)),
      element("td", {}, line.text),
    ),
  );
  const text = lines.map((line) => `${SIDES[line.side]}: ${line.text}`).join("\n");
  return card(
    "Transcript",
    copyButton(text, "Copy transcript"),
    element("div", { class: "scroll" }, element("table", { class: "transcript" }, element("tbody", {}, ...rows))),
  );
}
