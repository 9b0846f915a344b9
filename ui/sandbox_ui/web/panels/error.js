// One row of the catalog: what it says, when it comes, how to get past it, and a form that forces it.
import * as api from "../api.js";
import { card, element, pairs } from "../dom.js";
import { badge, reply } from "../format.js";
import { attempt, copyButton, tell } from "../tell.js";

const MATCHES = [
  ["sender", "Sender", "*@example.com"],
  ["recipient", "Recipient", "ann@example.net"],
  ["subject", "Subject", "*invoice*"],
  ["client", "Client", "127.0.0.1*"],
  ["user", "User", "*"],
];

export async function showError(id, faults) {
  const { items } = await api.errors();
  const entry = items.find((one) => one.id === id);
  if (!entry) throw new Error(`There is no error ${id} in the catalogs of the providers that run.`);
  return [
    element("div", { class: "head" }, element("h2", {}, entry.title || entry.id), element("p", {}, badge(entry.evidence, "plain"), " ", badge(entry.channel, "plain"), entry.closes ? badge("closes the connection", "warn") : "")),
    card("The client sees", element("pre", { class: "source", tabindex: 0, "aria-label": "Reply" }, reply(entry)), entry.observed && entry.observed !== entry.text ? element("p", { class: "faint" }, `Also observed: ${entry.observed}`) : null),
    card("Why", pairs(facts(entry))),
    forcing(entry, faults),
  ];
}

function facts(entry) {
  return [
    ["Id", element("span", {}, entry.id, " ", copyButton(entry.id))],
    ["Meaning", entry.description],
    ["Provoked by", entry.trigger],
    ["To pass", entry.remedy],
    ["Not provoked", entry.unprovoked],
    ["Stages", entry.stages.join(", ")],
    ["Source", entry.source],
  ].filter(([, value]) => value);
}

function forcing(entry, faults) {
  const fields = MATCHES.map(([name, label, example]) => field(`${label} matches`, element("input", { name, type: "text", placeholder: example, maxlength: 1000 })));
  const times = element("input", { name: "times", type: "number", min: 1, value: 1, placeholder: "always" });
  const after = element("input", { name: "after", type: "number", min: 0, placeholder: "0" });
  const chance = element("input", { name: "probability", type: "number", min: 0, max: 1, step: "any", placeholder: "1" });
  const stage = element("select", { name: "stage" }, element("option", { value: "" }, "the first that fits"), ...entry.stages.map((one) => element("option", { value: one }, one)));
  const form = element(
    "form",
    { class: "force" },
    field("Times (empty: always)", times),
    field("Let pass first", after),
    field("Probability", chance),
    entry.stages.length > 1 ? field("Stage", stage) : null,
    ...fields,
    element("button", { class: "primary" }, "Force this error"),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const armed = await attempt(() => api.arm(wishOf(entry, new FormData(form))));
    if (!armed) return;
    tell(`${entry.id} is armed at ${armed.stage}.`, "good");
    await faults.load();
  });
  const magic = entry.magic_recipient && element("p", {}, "Or, without changing anything here, send to ", element("code", {}, entry.magic_recipient), " ", copyButton(entry.magic_recipient));
  return card("Force this", element("p", { class: "faint" }, "The client then gets exactly this answer. Patterns know * and ?; empty ones match everything."), form, magic);
}

function field(label, input) {
  return element("label", { class: "field" }, label, input);
}

function wishOf(entry, data) {
  const match = Object.fromEntries(MATCHES.map(([name]) => [name, data.get(name)]).filter(([, value]) => value));
  const number = (name) => (data.get(name) ? Number(data.get(name)) : null);
  return { error: entry.id, match, times: number("times"), after: number("after"), probability: number("probability"), stage: data.get("stage") || null };
}
