// One conversation: why it was refused, what would have made it pass, and what was said.
import * as api from "../api.js";
import { element, pairs } from "../dom.js";

export async function showSession(id) {
  const session = await api.session(id);
  return [
    element("h2", {}, session.summary || `${session.provider} ${session.channel}`),
    pairs([
      ["Client", session.client],
      ["User", session.user || "none"],
      ["Time", `${session.started} to ${session.ended ?? "now"}`],
    ]),
    ...session.refusals.map(refusal),
    element("h3", {}, "Transcript"),
    transcript(session.lines),
  ];
}

function refusal(one) {
  const rows = [
    ["Error", `${one.error} at ${one.stage}${one.forced ? " (forced)" : ""}`],
    ["Cause", one.trigger],
    ["To pass", one.remedy || one.entry?.description || ""],
    ["Source", one.entry?.source ?? ""],
  ];
  return element(
    "div",
    {},
    element("h3", { class: "bad" }, `${one.status} ${one.text}`),
    pairs(rows.filter(([, value]) => value)),
  );
}

function transcript(lines) {
  const said = lines.flatMap((line) => [
    element("span", { class: `line-${line.side}`, title: line.at }, line.text),
    "\n",
  ]);
  return element("pre", { tabindex: 0 }, ...said);
}
