// What the HTML uses that some mail programs lack, by the sandbox's table of features.
import * as api from "../api.js";
import { element } from "../dom.js";
import { badge, count } from "../format.js";

export async function compatibility(message) {
  const found = await api.compatibility(message.id);
  const about = element(
    "p",
    { class: "faint" },
    `By the data of Can I email of ${found.as_of}, for ${found.clients.join(", ")}. What a program lacks is ignored there; the rest of the message is shown.`,
  );
  if (!found.items.length) return element("div", {}, element("p", { class: "note" }, "Nothing in it that one of the known mail programs lacks."), about);
  return element("div", {}, element("ul", { class: "notes" }, ...found.items.map(note)), about);
}

function note({ title, uses, lacking, partly, about }) {
  return element(
    "li",
    {},
    element("span", { class: "line" }, element("a", { href: about, target: "_blank", rel: "noopener noreferrer" }, element("code", {}, title)), element("span", { class: "faint" }, count(uses, "use"))),
    programs("lacking", lacking, "bad", "✕"),
    programs("partly", partly, "warn", "~"),
  );
}

function programs(word, names, kind, sign) {
  if (!names.length) return null;
  return element("span", { class: "programs" }, element("span", { class: "faint" }, `${word}:`), ...names.map((name) => badge(name, kind, sign)));
}
