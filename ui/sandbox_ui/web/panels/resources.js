// Whatever else a provider keeps for the account: senders, domains, DKIM, zones, credentials; one table for each kind.
import { element } from "../dom.js";
import { count, when, words } from "../format.js";
import { copyButton } from "../tell.js";
import { publish } from "./authentication.js";

const SHOWN = 200; // characters of a value

export function resources({ provider, kind, items, total }, open) {
  const name = `${provider}/${kind}`;
  const summary = element("summary", {}, element("strong", {}, words(kind)), element("span", { class: "faint" }, ` ${provider} · ${count(total, "item")}`));
  return element("details", { class: "card", "data-kind": name, open: open.has(name) }, summary, ...items.map(resource));
}

function resource({ id, key, created, data }) {
  const rows = Object.entries(data).filter(([, value]) => value !== null && value !== "").map(([field, value]) => [field, shown(value)]);
  return element(
    "details",
    { class: "resource" },
    element("summary", {}, element("span", {}, key), when(created)),
    element("dl", {}, ...[["id", id], ...rows].flatMap(([field, value]) => [element("dt", {}, field), element("dd", {}, value, " ", copyButton(value))])),
    publish(records(data)),
  );
}

function shown(value) {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

// What a DKIM or a return path asks its owner to publish, as the services' APIs name it.
function records({ dnsSubdomainName: name, cnameRecordValue: value }) {
  return name && value ? [{ name, type: "CNAME", value }] : [];
}
