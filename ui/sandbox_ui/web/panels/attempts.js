// Attempts: every SMTP conversation and API call, the refused ones first in sight.
import * as api from "../api.js";
import { element } from "../dom.js";
import { badge, count, reply, when } from "../format.js";
import { paced } from "../live.js";
import { go, link, read } from "../route.js";
import { Windowed, nothing } from "../windowed.js";
import { showAttempt } from "./attempt.js";
import { Split } from "./split.js";

const ROW = 80;
const PAUSE = 300;
const SHOWN = [["", "Refused"], ["all", "All"], ["accepted", "Not refused"]];
const REFUSED = { "": "true", all: "", accepted: "false" };

export function makeAttempts({ problem }) {
  let search = {};
  let shown = null;
  let query = "";
  const total = element("span", { class: "total" });
  const list = new Windowed({
    label: "Attempts",
    height: ROW,
    row,
    fetch: (cursor) => api.sessions(query, REFUSED[shown] ?? "true", cursor),
    nothing: () => nothing(query ? "No attempt matches." : shown === "" ? "Nothing was refused." : "Nobody has spoken to the sandbox yet."),
    moved: (id) => go({ view: "attempts", id, search }, { replace: true }),
    count: (number) => { total.textContent = count(number, "attempt"); },
  });
  const chips = SHOWN.map(([value, text]) =>
    element("button", { type: "button", class: "chip", "data-value": value, onclick: () => go({ view: "attempts", search: { ...search, show: value } }) }, text),
  );
  const split = new Split({
    view: "attempts",
    label: "Attempts",
    head: [element("div", { class: "filters", role: "group", "aria-label": "Which" }, ...chips, total)],
    list: list.element,
    detail: showAttempt,
  });

  function row(session) {
    const refusal = session.refusals.at(-1);
    const title = refusal ? reply(refusal) : session.summary || "no refusal";
    const forced = session.refusals.some((one) => one.forced);
    return element(
      "a",
      { href: link({ view: "attempts", id: session.id, search }), class: "row" },
      element("span", { class: "line" }, element("span", { class: refusal ? "subject bad" : "subject" }, title), when(session.started)),
      element(
        "span",
        { class: "line" },
        element("span", { class: "who" }, refusal ? refusal.error : session.user || "nobody logged in"),
        forced ? badge("forced", "warn", "⚡") : null,
        session.ended ? null : badge("open", "info", "●"),
      ),
      element(
        "span",
        { class: "line faint" },
        element("span", { class: "snippet" }, `${session.client}${session.messages.length ? ` · ${count(session.messages.length, "message")} accepted` : ""}`),
        badge(`${session.provider} ${session.channel}`, "plain"),
      ),
    );
  }

  async function load() {
    try {
      await list.restart();
      problem("");
    } catch (why) {
      problem(why.message);
    }
  }

  const refresh = paced(() => list.refresh().catch(() => {}), PAUSE);

  async function show(place) {
    search = { show: place.search.show ?? "", query: place.search.query ?? "" };
    split.search = search;
    const fresh = search.show !== shown || search.query !== query;
    ({ show: shown, query } = search);
    for (const chip of chips) chip.setAttribute("aria-pressed", String(chip.dataset.value === shown));
    const loaded = fresh ? load() : null;
    list.mark(place.id);
    if (place.id !== split.shown || !place.id) await split.open(place.id, "Choose an attempt to read what was said and why it was refused.");
    await loaded;
    if (read().id === place.id) list.mark(place.id); // the reader may have gone on meanwhile
  }

  function heard(events) {
    if (shown === null) return;
    if (!events.length || events.some((one) => one.type === "session.closed" || one.type === "account.reset")) refresh();
    if (events.some((one) => one.type === "session.closed" && one.data.session === split.shown)) split.open(split.shown, "");
  }

  const step = (by) => () => {
    const id = list.step(by);
    if (id) requestAnimationFrame(() => list.focus(id));
  };
  return { element: split.element, show, heard, keys: { j: step(1), k: step(-1), ArrowDown: step(1), ArrowUp: step(-1) } };
}
