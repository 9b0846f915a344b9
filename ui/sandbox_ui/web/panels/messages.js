// Messages: the list, live, with filters and a selection, beside the message that is open.
import * as api from "../api.js";
import { element } from "../dom.js";
import { badge, count, outcome, when } from "../format.js";
import { paced } from "../live.js";
import { go, link, read } from "../route.js";
import { announce } from "../tell.js";
import { Windowed, nothing } from "../windowed.js";
import { makeFilters, queryOf } from "./filters.js";
import { makeMessage } from "./message.js";
import { Selection } from "./selection.js";
import { Split } from "./split.js";

const ROW = 80; // pixels, as in list.css
const PAUSE = 120; // milliseconds between two looks at what is new
const FIRST = 100;

export function makeMessages({ problem, ask }) {
  let search = {};
  let query = null;
  let open = null;
  let missed = false; // something happened to the message that is being opened
  const total = element("span", { class: "total" });
  const filters = makeFilters((change) => go({ view: "messages", search: { ...search, ...change } }));
  const list = new Windowed({
    label: "Messages",
    height: ROW,
    row,
    fetch: (cursor) => api.messages(query, cursor, cursor ? 500 : FIRST),
    nothing: () => (list.total || list.items.length ? null : blank()),
    moved: (id) => choose(id),
    count: (number, exact) => { total.textContent = (exact ? "" : "at least ") + count(number, "message"); },
  });
  const selection = new Selection({ list, ask, query: () => query });
  const split = new Split({
    view: "messages",
    label: "Messages",
    head: [filters.element, element("div", { class: "list-bar" }, selection.element, total)],
    list: list.element,
    detail: async (id) => {
      missed = false;
      const made = await makeMessage(id, { removed: () => step(1), tab: read().tab, turned });
      if (split.shown === id) open = made; // the reader may have gone on meanwhile
      if (missed) open?.heard();
      return made.parts;
    },
  });

  function row(message) {
    const selected = selection.has(message.id);
    const recipients = message.envelope.rcpt_to;
    const to = recipients.length > 1 ? `${recipients[0]} +${recipients.length - 1}` : recipients[0] ?? "";
    const target = element(
      "a",
      { href: link({ view: "messages", id: message.id, search }), class: message.read ? "row" : "row unread" },
      element("span", { class: "line" }, element("span", { class: "subject" }, message.subject || "(no subject)"), when(message.times.accepted)),
      element(
        "span",
        { class: "line" },
        element("span", { class: "who" }, `${message.sender || "<>"} → ${to}`),
        message.read ? null : element("span", { class: "hidden" }, "unread"),
        outcome(message.outcome),
      ),
      element("span", { class: "line faint" }, element("span", { class: "snippet" }, message.snippet), ...marks(message)),
    );
    const box = element("input", { type: "checkbox", tabindex: -1, "aria-label": `Select ${message.subject || "(no subject)"}` });
    box.checked = selected;
    box.addEventListener("click", (event) => selection.toggle(message.id, event.shiftKey));
    return element("div", { class: selected ? "rowbox selected" : "rowbox" }, box, target);
  }

  function marks(message) {
    const files = message.attachment_count;
    return [
      ...message.tags.slice(0, 2).map((tag) => badge(tag, "tag")),
      files ? badge(count(files, "file"), "plain") : null,
      badge(`${message.provider} ${message.channel}`, "plain"),
    ];
  }

  function blank() {
    if (query) return nothing("No message matches.", element("a", { href: link({ view: "messages" }) }, "Show all messages"));
    return nothing(
      "No mail yet. It appears here as soon as it is accepted.",
      element("a", { class: "primary", href: link({ view: "start" }) }, "Connect your program"),
    );
  }

  function choose(id) {
    go({ view: "messages", id, tab: read().tab, search }, { replace: Boolean(read().id) });
    requestAnimationFrame(() => list.focus(id));
  }

  function turned(tab) {
    const place = read();
    go({ ...place, tab }, { replace: true });
  }

  function step(by) {
    const before = list.current;
    const id = list.step(by);
    if (id === undefined || id === before) go({ view: "messages", search });
  }

  async function load() {
    try {
      await list.restart();
      problem("");
      announce(total.textContent);
    } catch (why) {
      problem(why.message);
    }
  }

  const refresh = paced(() => list.refresh().catch((why) => problem(why.message)), PAUSE);
  let beyond = new Set();
  const update = paced(async () => {
    const ids = [...beyond].slice(0, 20);
    beyond = new Set();
    if (ids.length === 0) return;
    const { items } = await api.messages(ids.map((id) => `id:${id}`).join(" OR "), null).catch(() => ({ items: [] }));
    items.forEach((item) => list.replace(item));
  }, 300);

  async function show(place) {
    search = place.search;
    split.search = search;
    filters.show(search);
    const asked = queryOf(search);
    const fresh = asked !== query;
    query = asked;
    const loaded = fresh ? load() : null;
    list.mark(place.id);
    if (place.id !== split.shown || fresh || !place.id) {
      open = null;
      await split.open(place.id, "Choose a message with the mouse, or with j, k and Enter.");
    } else if (open) open.turn(place.tab);
    await loaded;
    if (read().id === place.id) list.mark(place.id); // the reader may have gone on meanwhile
  }

  function heard(events) {
    if (query === null) return;
    const gone = events.filter((event) => event.type === "message.removed").map((event) => event.message);
    list.drop(gone);
    selection.drop(gone);
    if (gone.includes(split.shown)) go({ view: "messages", search });
    if (events.some((event) => event.type === "account.reset")) load().then(() => go({ view: "messages", search }));
    if (events.some((event) => event.type === "messages.removed")) load();
    const others = events.filter((event) => event.message && event.type !== "message.removed");
    for (const event of others) if ((list.places.get(event.message) ?? 0) >= FIRST) beyond.add(event.message);
    if (beyond.size) update();
    if (others.length || gone.length || events.length === 0) refresh();
    if (!others.some((event) => event.message === split.shown)) return;
    if (open) open.heard();
    else missed = true;
  }

  const selected = (work) => () => (selection.size ? selection[work]() : open?.[work]());
  const keys = {
    j: () => list.step(1),
    k: () => list.step(-1),
    ArrowDown: () => list.step(1),
    ArrowUp: () => list.step(-1),
    x: () => list.current && selection.toggle(list.current),
    A: () => selection.all(),
    u: selected("toggleRead"),
    t: selected("tag"),
    Delete: selected("remove"),
    "#": selected("remove"),
    "]": () => open?.step(1),
    "[": () => open?.step(-1),
  };
  return { element: split.element, show, heard, keys, offer: filters.offer };
}
