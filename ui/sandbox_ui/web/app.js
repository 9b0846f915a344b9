// Wires the page together: the address chooses a view, the stream keeps it live, keys and search go to it.
import * as api from "./api.js";
import { ask, help } from "./dialog.js";
import { element } from "./dom.js";
import { onKeys } from "./keys.js";
import { follow, paced } from "./live.js";
import { announceMail, offerNotifications } from "./notices.js";
import * as route from "./route.js";
import { makeAttempts } from "./panels/attempts.js";
import { makeErrors } from "./panels/errors.js";
import { makeMessages } from "./panels/messages.js";
import { makeStart } from "./panels/start.js";
import { makeState } from "./panels/state.js";
import { announce } from "./tell.js";

const COUNTS_PAUSE = 700; // milliseconds between two looks at the counts
const MAKERS = { messages: makeMessages, attempts: makeAttempts, errors: makeErrors, state: makeState, start: makeStart };
const SEARCHED = {
  messages: "Search messages: words, to:ann@example.net, is:unread…",
  attempts: "Search attempts: words said, error:454, is:forced, after:1h…",
}; // the views that the search field is about; from any other it searches messages
const $ = (id) => document.getElementById(id);
const panels = {};
let account;
let stop = () => {};

function panel(view) {
  panels[view] ??= MAKERS[view]({ problem: showProblem, ask });
  return panels[view];
}

async function arrive() {
  const place = route.read();
  if ((place.search.account ?? "") !== account) return changeAccount(place.search.account ?? "");
  for (const [name, made] of Object.entries(panels)) made.element.hidden = name !== place.view;
  const chosen = panel(place.view);
  if (!chosen.element.isConnected) $("main").append(chosen.element);
  chosen.element.hidden = false;
  $("main").dataset.open = String(Boolean(place.id));
  for (const link of document.querySelectorAll("nav a")) {
    const here = link.dataset.view === place.view;
    link.setAttribute("aria-current", here ? "page" : "false");
    link.href = route.link({ view: link.dataset.view });
  }
  $("query").placeholder = SEARCHED[place.view] ?? SEARCHED.messages;
  if (document.activeElement !== $("query")) $("query").value = (place.view in SEARCHED && place.search.query) || "";
  await chosen.show(place);
}

// Everything shown belongs to one account, so another one begins with an empty page.
async function changeAccount(name) {
  account = name;
  api.useAccount(name);
  stop();
  for (const view of Object.keys(panels)) {
    panels[view].element.remove();
    delete panels[view];
  }
  const arrived = arrive();
  const { last_event: since } = await api.status();
  await arrived;
  stop = follow({ since, heard, opened: () => Object.values(panels).forEach((one) => one.heard([])), state: showState });
  counts();
}

const counts = paced(async () => {
  const [found, faults] = await Promise.all([api.status(), api.faults()]).catch(() => []);
  if (!found) return;
  showWarnings(found.warnings);
  panels.messages?.offer(found.providers.map(({ name }) => name));
  const { messages, unread, refused } = found.counts;
  $("message-count").textContent = messages ? messages.toLocaleString("en") : "";
  $("refused-count").textContent = refused ? `${refused.toLocaleString("en")} refused` : "";
  const armed = faults.items.filter((one) => !one.used_up).length;
  $("fault-count").textContent = armed ? `${armed} armed` : "";
  $("warnings").textContent = found.warnings.join(" ");
  document.title = unread ? `(${unread}) email-sandbox` : "email-sandbox";
}, COUNTS_PAUSE);

function heard(event) {
  if (event.type === "message.accepted" || event.type === "message.received") announceMail(event);
  if (event.type === "account.reset") announce("The account was reset.");
  for (const made of Object.values(panels)) made.heard([event]);
  counts();
}

function showState(state, text) {
  $("live").dataset.state = state;
  $("live").textContent = text;
}

function showWarnings(texts) {
  if ($("warnings").innerText === texts.join("\n")) return;
  $("warnings").replaceChildren(...texts.map((text) => element("p", { class: "note warn" }, text)));
}

function showProblem(text) {
  if ($("query-problem").textContent !== text) $("query-problem").textContent = text;
  $("query").setAttribute("aria-invalid", String(text !== ""));
}

function search(event) {
  event.preventDefault();
  const { search: before, view } = route.read();
  const query = $("query").value.trim();
  route.go(view in SEARCHED ? { view, search: { ...before, query } } : { view: "messages", search: { query } });
}

async function offerAccounts() {
  const { items } = await api.accounts();
  if (items.length < 2) return;
  const names = items.map((one) => [one.ready_made ? "" : one.account, one.ready_made ? `${one.account} (ready-made)` : one.account]);
  $("account").append(...names.map(([value, text]) => element("option", { value, selected: value === account }, text)));
  $("account-choice").hidden = false;
  $("account").addEventListener("change", () => {
    location.hash = route.address({ view: route.read().view, search: { account: $("account").value } });
  });
}

onKeys(() => panels[route.read().view], $("query"));
$("search").addEventListener("submit", search);
$("query").addEventListener("search", search);
$("help").addEventListener("click", help);
$("skip").addEventListener("click", () => $("main").focus());
addEventListener("hashchange", () => arrive().catch((problem) => showProblem(problem.message)));
offerNotifications($("notify"));

await arrive().catch((problem) => showProblem(problem.message));
offerAccounts().catch(() => {});
