// The filters above the list; each is a term of the query language, so a filtered list can be linked to.
import { choice, element } from "../dom.js";
import { OUTCOME_NAMES, words } from "../format.js";

const CHANNELS = [["", "Channel"], ["smtp", "SMTP"], ["https", "HTTPS"]];
const OUTCOMES = [["", "Outcome"], ...OUTCOME_NAMES.map((name) => [name, words(name)])];
const NAMES = ["provider", "outcome", "channel"];

// The query that search field and filters ask for together.
export function queryOf(search) {
  const terms = NAMES.filter((name) => search[name]).map((name) => `${name}:${search[name]}`);
  if (search.unread) terms.push("is:unread");
  if (!terms.length || !search.query) return search.query || terms.join(" ");
  const typed = /\bOR\b/.test(search.query) ? `(${search.query})` : search.query;
  return `${typed} ${terms.join(" ")}`;
}

export function makeFilters(changed) {
  const root = element("div", { class: "filters", role: "group", "aria-label": "Filters" });
  const providers = [["", "Provider"]];
  let shown = {};
  function show(search) {
    shown = search;
    const focused = root.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
    const unread = element(
      "button",
      { type: "button", class: "chip", "aria-label": "Unread only", "aria-pressed": String(Boolean(search.unread)), onclick: () => changed({ unread: search.unread ? "" : "1" }) },
      "Unread",
    );
    root.replaceChildren(
      choice("Provider", providers, search.provider ?? "", (provider) => changed({ provider })),
      choice("Outcome", OUTCOMES, search.outcome ?? "", (outcome) => changed({ outcome })),
      choice("Channel", CHANNELS, search.channel ?? "", (channel) => changed({ channel })),
      unread,
    );
    if (focused) [...root.children].find((one) => one.getAttribute("aria-label") === focused)?.focus();
  }

  // Which providers run is learnt with the counts, so that the first list waits for nothing else.
  function offer(names) {
    if (names.length === providers.length - 1) return;
    providers.splice(1, providers.length, ...names.map((name) => [name, name]));
    show(shown);
  }

  show({});
  return { element: root, show, offer };
}
