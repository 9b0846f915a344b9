// What the recipient's server finds out about the delivered copy, with reasons and the records that would mend it.
import { card, element, pairs } from "../dom.js";
import { result } from "../format.js";
import { copyButton } from "../tell.js";

const CHECKS = ["dkim", "spf", "dmarc"];
const WHAT = {
  dkim: "Was it signed, and is the signature good?",
  spf: "May the sending host use the return path's domain?",
  dmarc: "Does one of them speak for the domain in From?",
};

// The sign for the tab: how many checks did not pass.
export function worst(verdicts) {
  const known = CHECKS.map((name) => verdicts?.[name]).filter(Boolean);
  if (!known.length) return "";
  const failed = known.filter((one) => one.result !== "pass").length;
  return failed ? `${failed} ✕` : "✓";
}

export function authentication({ authentication: verdicts }) {
  if (!CHECKS.some((name) => verdicts?.[name])) {
    return element("p", { class: "note" }, "There is a verdict once a copy was delivered.");
  }
  return element("div", { class: "cards" }, ...CHECKS.filter((name) => verdicts[name]).map((name) => check(name, verdicts[name])));
}

function check(name, verdict) {
  const title = element("div", { class: "row" }, element("h3", {}, name.toUpperCase()), result(verdict.result));
  return card(
    null,
    title,
    element("p", { class: "faint" }, WHAT[name]),
    element("p", {}, verdict.reason),
    facts(verdict),
    ...(verdict.signatures ?? []).map(signature),
    publish(verdict.publish ?? []),
  );
}

function facts({ domain, address, aligned, policy, record, disposition, aligned_by: by }) {
  const rows = [
    ["Domain", domain],
    ["Address", address],
    ["Aligned", aligned === undefined ? "" : aligned ? "yes" : "no"],
    ["Record", record],
    ["Policy", policy],
    ["Receivers do", disposition === "none" ? "nothing special" : disposition],
    ["Aligned by", by?.join(", ")],
  ].filter(([, value]) => value);
  return rows.length ? pairs(rows) : null;
}

function signature(one) {
  const title = element("summary", {}, `${one.selector}._domainkey.${one.domain} `, result(one.result), one.aligned ? " aligned" : " not aligned");
  return element("details", {}, title, element("p", {}, one.reason), publish(one.publish ?? []));
}

export function publish(records) {
  if (!records.length) return null;
  const rows = records.map(({ name, type, value }) =>
    element("li", {}, element("code", {}, `${name}  ${type}  ${value}`), copyButton(`${name} ${type} ${value}`)),
  );
  return element("div", { class: "publish" }, element("strong", {}, "Publish"), element("ul", { class: "found" }, ...rows));
}
