// Connect: where to point a program, with which credentials, and settings to paste for each language and tool.
import * as api from "../api.js";
import { card, choice, element, fill } from "../dom.js";
import { words } from "../format.js";
import { copyButton } from "../tell.js";

const PREFERRED = ["python", "nodemailer", "shell"];

export function makeStart() {
  const root = element("div", { class: "page" });

  async function show() {
    if (root.childElementCount) return;
    const [{ items }, found] = await Promise.all([api.accounts(), api.recipes()]);
    const status = await api.status();
    const account = items.find((one) => one.account === status.account) ?? items[0];
    const providers = status.providers.map(({ name }) => name);
    fill(
      root,
      element("h2", {}, "Connect your program"),
      element("p", { class: "lead" }, "Point it at one of these endpoints with these credentials. What it sends, and what is refused, appears here at once."),
      ...providers.map((name) => provider(name, account[name], found.items.filter((one) => one.provider === name))),
    );
  }

  return { element: root, show, heard: () => {}, keys: {} };
}

function provider(name, details, recipes) {
  const listeners = (details.smtp ?? []).map((one) => [`SMTP ${one.stands_for}, ${one.tls === "implicit" ? "implicit TLS" : "STARTTLS"}`, `${one.host}:${one.port}`]);
  const facts = Object.entries(details).filter(([, value]) => typeof value === "string" && value).map(([field, value]) => [words(field), value]);
  return element(
    "section",
    { class: "provider", "aria-label": name },
    element("h3", {}, name.toUpperCase()),
    element("div", { class: "cards" }, card("Endpoint and credentials", copyable([...listeners, ...facts])), recipes.length ? snippets(name, recipes) : null),
  );
}

function copyable(rows) {
  return element("dl", {}, ...rows.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, element("code", {}, value), " ", copyButton(value))]));
}

function snippets(provider, recipes) {
  const body = element("div", {});
  const names = recipes.map(({ tool }) => [tool, words(tool)]);
  const first = PREFERRED.find((tool) => recipes.some((one) => one.tool === tool)) ?? recipes[0].tool;
  const paint = (tool) => {
    const { text } = recipes.find((one) => one.tool === tool);
    fill(body, element("div", { class: "bar" }, copyButton(text, "Copy settings")), element("pre", { class: "source as-is", tabindex: 0, "aria-label": `Settings for ${tool}` }, text));
  };
  paint(first);
  return card("Settings to paste", choice(`Program or library for ${provider}`, names, first, paint), body);
}
