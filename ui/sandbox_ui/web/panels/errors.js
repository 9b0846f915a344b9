// The error catalog: everything that the services may say no with, searchable, and each to be forced.
import * as api from "../api.js";
import { choice, element, empty, fill } from "../dom.js";
import { badge, count, reply } from "../format.js";
import { paced } from "../live.js";
import { go, link } from "../route.js";
import { showError } from "./error.js";
import { Faults } from "./faults.js";
import { Split } from "./split.js";

const NAMES = ["provider", "channel", "stage"];
const TOLD = ["id", "text", "observed", "title", "description", "trigger", "remedy"];

export function makeErrors() {
  let rows = null;
  let search = {};
  let current = "";
  const faults = new Faults(() => paint());
  const list = element("ul", { class: "errors", role: "list", "aria-label": "Errors" });
  const total = element("span", { class: "total" });
  const words = element("input", { type: "search", placeholder: "Search errors: 535, quota, sender…", "aria-label": "Search errors", oninput: () => go({ view: "errors", id: current, search: { ...search, words: words.value } }, { replace: true }) });
  const filters = element("div", { class: "filters", role: "group", "aria-label": "Filters" });
  const split = new Split({
    view: "errors",
    label: "Errors",
    head: [element("div", { class: "filters" }, words), filters, faults.element],
    list: element("div", { class: "plain-list" }, list),
    detail: (id) => showError(id, faults),
  });

  function found() {
    const terms = (search.words ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    return rows.filter((row) => {
      const text = `${row.status} ${TOLD.map((name) => row[name]).join(" ")}`.toLowerCase();
      return terms.every((term) => text.includes(term))
        && (!search.provider || row.provider === search.provider)
        && (!search.channel || row.channel === search.channel)
        && (!search.stage || row.stages.includes(search.stage));
    });
  }

  function paint() {
    if (!rows) return;
    const shown = found();
    total.textContent = count(shown.length, "error");
    fill(list, shown.map(row));
    if (!shown.length) fill(list, element("li", {}, empty("No error fits.")));
  }

  function row(entry) {
    const armed = faults.armed(entry.id);
    return element(
      "li",
      {},
      element(
        "a",
        { class: "row", href: link({ view: "errors", id: entry.id, search }), "data-id": entry.id, "aria-current": entry.id === current ? "true" : null },
        element("span", { class: "line" }, element("span", { class: "subject" }, entry.text ? reply(entry) : `${entry.status} ${entry.title}`), armed ? badge("armed", "warn", "⚡") : null),
        element("span", { class: "line faint" }, element("span", { class: "who" }, entry.id), badge(entry.stages.length > 3 ? `${entry.stages.length} stages` : entry.stages.join(" "), "plain")),
      ),
    );
  }

  function paintFilters() {
    const values = (name) => [...new Set(rows.flatMap((one) => (name === "stage" ? one.stages : one[name])))].sort();
    const selects = NAMES.map((name) =>
      choice(name, [["", name[0].toUpperCase() + name.slice(1)], ...values(name).map((one) => [one, one])], search[name] ?? "", (value) => go({ view: "errors", search: { ...search, [name]: value } })),
    );
    fill(filters, ...selects, total);
  }

  async function show(place) {
    search = place.search;
    split.search = search;
    current = place.id;
    if (document.activeElement !== words) words.value = search.words ?? "";
    rows ??= (await api.errors()).items;
    await faults.load();
    paintFilters();
    paint();
    if (place.id !== split.shown || !place.id) await split.open(place.id, "Choose an error to see when the service says it, and to force it.");
  }

  // Faults fire without an event of their own: the refusal tells.
  const refresh = paced(() => faults.load().catch(() => {}), 500);
  function heard(events) {
    if (rows && (!events.length || events.some((one) => ["attempt.refused", "account.reset"].includes(one.type)))) refresh();
  }

  const step = (by) => () => {
    const links = [...list.querySelectorAll("a.row")];
    const at = links.findIndex((one) => one.dataset.id === current);
    const next = links[Math.min(Math.max(at + by, 0), links.length - 1)];
    if (!next) return;
    go({ view: "errors", id: next.dataset.id, search }, { replace: true });
    requestAnimationFrame(() => list.querySelector("a[aria-current]")?.focus());
  };
  return { element: split.element, show, heard, keys: { j: step(1), k: step(-1), ArrowDown: step(1), ArrowUp: step(-1) } };
}
