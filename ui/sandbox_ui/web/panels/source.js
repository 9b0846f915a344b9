// The octets as accepted, with names, boundaries and encoded words told apart; and the header fields as a table.
import * as api from "../api.js";
import { element } from "../dom.js";
import { size } from "../format.js";
import { copyButton } from "../tell.js";

const SHOWN = 300_000; // characters; the download has everything
const COLOURED = 4_000; // lines

export function headers(message) {
  const rows = message.headers.map(([name, value]) =>
    element("tr", {}, element("th", { scope: "row" }, name), element("td", {}, value)),
  );
  return element("div", { class: "scroll" }, element("table", { class: "headers" }, element("tbody", {}, ...rows)));
}

export async function source(message) {
  const text = await api.source(message.id);
  const cut = text.length > SHOWN;
  return element(
    "div",
    {},
    element(
      "div",
      { class: "bar" },
      element("span", { class: "faint" }, `${size(message.size)}, SHA-256 ${message.sha256.slice(0, 16)}…`),
      cut ? element("strong", {}, `the first ${size(SHOWN)} of it`) : null,
      copyButton(text, "Copy source"),
    ),
    element("pre", { class: "source", tabindex: 0, "aria-label": "Source" }, ...coloured(text.slice(0, SHOWN))),
  );
}

// Header fields until the empty line, then boundaries and the fields of parts.
export function coloured(text) {
  const lines = text.split(/\r?\n/);
  let header = true;
  const made = lines.slice(0, COLOURED).flatMap((line) => {
    const spans = header ? field(line) : body(line);
    if (line === "") header = false;
    if (/^--\S/.test(line)) header = true;
    return [...spans, "\n"];
  });
  return lines.length > COLOURED ? [...made, lines.slice(COLOURED).join("\n")] : made;
}

function field(line) {
  const match = /^([!-9;-~]+)(:)(.*)$/.exec(line);
  if (/^--\S/.test(line)) return body(line);
  if (!match) return [element("span", { class: "s-value" }, line)];
  return [element("span", { class: "s-name" }, match[1]), match[2], element("span", { class: "s-value" }, match[3])];
}

function body(line) {
  return [/^--\S/.test(line) ? element("span", { class: "s-boundary" }, line) : line];
}
