// Whatever else a provider keeps for the account: senders, domains, DKIM, zones, credentials; one table for each kind.
import { element } from "../dom.js";
import { count, when, words } from "../format.js";
import { copyButton } from "../tell.js";
import { publish } from "./authentication.js";

const SHOWN = 200; // characters of a value

export function resources({ provider, kind, items, total }, folding) {
  const name = `${provider}/${kind}`;
  const summary = element("summary", {}, element("strong", {}, words(kind)), element("span", { class: "faint" }, ` ${provider} · ${count(total, "item")}`));
  return folding.details(name, false, { class: "card" }, summary, ...items.map((one) => resource(one, name, folding)));
}

function resource({ id, key, created, data }, name, folding) {
  const rows = Object.entries(data).filter(([, value]) => value !== null && value !== "").map(([field, value]) => [field, shown(value)]);
  return folding.details(
    `${name}/${id}`,
    false,
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
