// The HTML part as the recipient would see it, in a frame that can run, load and reach nothing.
import * as api from "../api.js";
import { button, element } from "../dom.js";
import { count } from "../format.js";

// The frame's page brings its own policy: no script, no request, no origin. The attribute says the same once more.
const FRAME = "allow-popups allow-popups-to-escape-sandbox";
const WIDTHS = [["phone", "Phone", "375 px"], ["tablet", "Tablet", "768 px"], ["full", "Desktop", "as wide as there is room"]];
const SCHEMES = [["light", "Light"], ["dark", "Dark"]];
const wish = { width: "full", scheme: "light" }; // kept from message to message

export function preview(message) {
  const frame = element("iframe", {
    sandbox: FRAME,
    referrerpolicy: "no-referrer",
    title: "The message's HTML",
  });
  const stage = element("div", { class: "stage" }, frame);

  function apply() {
    const source = api.previewUrl(message.id, wish.scheme);
    if (frame.src !== source) frame.src = source;
    stage.dataset.width = wish.width;
    stage.dataset.scheme = wish.scheme;
    for (const one of bar.querySelectorAll("button")) {
      one.setAttribute("aria-pressed", String(wish[one.dataset.name] === one.dataset.value));
    }
  }

  const toggle = (name, value, text, title) =>
    button(text, () => { wish[name] = value; apply(); }, { class: "chip", title, "data-name": name, "data-value": value });
  const bar = element(
    "div",
    { class: "preview-bar" },
    element("div", { role: "group", "aria-label": "Width" }, ...WIDTHS.map(([value, text, title]) => toggle("width", value, text, title))),
    element("div", { role: "group", "aria-label": "Colours" }, ...SCHEMES.map(([value, text]) => toggle("scheme", value, text))),
    blocked(message.remote_content),
  );
  apply();
  return element("div", { class: "preview" }, bar, stage);
}

function blocked(remote) {
  if (!remote.length) return element("p", { class: "faint" }, "Nothing remote in it.");
  return element(
    "details",
    { class: "blocked" },
    element("summary", {}, `${count(remote.length, "remote reference")} blocked`),
    element("ul", {}, ...remote.map((address) => element("li", {}, address))),
  );
}
