// The parts of a message as the tree they are, each to be downloaded.
import * as api from "../api.js";
import { element } from "../dom.js";
import { size } from "../format.js";

export function parts(message) {
  if (!message.structure.length) return element("p", { class: "note" }, "The structure of this message can't be read.");
  const rows = message.structure.map((part) => {
    const name = element("span", { class: "part", "data-depth": Math.min(part.depth, 8) }, part.content_type);
    const more = [part.charset, part.encoding].filter(Boolean).join(", ");
    const get = part.n && element("a", { href: api.partUrl(message.id, part.n), download: "" }, part.filename || `part ${part.n}`);
    return element(
      "tr",
      {},
      element("td", {}, name),
      element("td", { class: "faint" }, more),
      element("td", { class: "number" }, part.n ? size(part.size) : ""),
      element("td", {}, get || ""),
    );
  });
  const names = ["Type", "Encoding", "Size", "Download"].map((name) => element("th", { scope: "col" }, name));
  return element(
    "div",
    { class: "scroll" },
    element("table", {}, element("thead", {}, element("tr", {}, ...names)), element("tbody", {}, ...rows)),
  );
}
