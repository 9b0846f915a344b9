// Wires the page together: which view and which item the address names, the search, the stream, the keys.
import * as api from "./api.js";
import { follow } from "./live.js";
import { Attempts } from "./panels/attempts.js";
import { Messages } from "./panels/messages.js";
import { showMessage } from "./panels/message.js";
import { showSession } from "./panels/session.js";
import { element, fill } from "./dom.js";

const $ = (id) => document.getElementById(id);
const lists = { messages: new Messages($("list")), attempts: new Attempts($("list")) };
const details = { messages: showMessage, attempts: showSession };
let view = "";
let shown = "";
let refreshing = null;

// #messages, #messages/ID, #attempts, #attempts/ID; the search stands behind "?": #messages/ID?query=…
function place() {
  const [path, search] = location.hash.slice(1).split("?");
  const [name, id] = path.split("/");
  return {
    name: name in lists ? name : "messages",
    id: id ? decodeURIComponent(id) : "",
    query: new URLSearchParams(search).get("query") ?? "",
  };
}

function address(name, id, query = place().query) {
  const search = query && name === "messages" ? `?${new URLSearchParams({ query })}` : "";
  return `#${name}${id ? `/${encodeURIComponent(id)}` : ""}${search}`;
}

async function arrive() {
  const { name, id, query } = place();
  const changed = name !== view || query !== lists.messages.query;
  view = name;
  lists.messages.query = query;
  if (document.activeElement !== $("query")) $("query").value = query;
  for (const link of document.querySelectorAll("nav a")) {
    link.setAttribute("aria-current", link.dataset.view === name ? "page" : "false");
  }
  if (changed) await refresh();
  lists[view].mark(id);
  await open(id);
}

async function open(id) {
  shown = id;
  if (!id) return fill($("detail"), element("p", { class: "empty" }, "Choose one with the mouse, or j, k and Enter."));
  try {
    const content = await details[view](id);
    if (shown === id) fill($("detail"), ...content);
  } catch (problem) {
    if (shown === id) fill($("detail"), element("p", { class: "empty", role: "alert" }, problem.message));
  }
}

// One refresh at a time; what happens meanwhile causes one more, so a burst of mail costs two requests.
async function refresh() {
  if (refreshing) {
    refreshing.again = true;
    return refreshing.done;
  }
  const round = { again: false };
  refreshing = round;
  round.done = load();
  await round.done;
  refreshing = null;
  if (round.again) await refresh();
}

async function load() {
  try {
    await lists[view].load();
    tell("");
    lists[view].mark(place().id);
    const { counts } = await api.status();
    $("message-count").textContent = counts.messages;
    $("refused-count").textContent = counts.refused;
    document.title = counts.unread ? `(${counts.unread}) email-sandbox` : "email-sandbox";
  } catch (problem) {
    tell(problem.message);
  }
}

function tell(problem) {
  $("query-problem").textContent = problem;
  $("query").setAttribute("aria-invalid", String(problem !== ""));
}

function heard(event) {
  refresh();
  if (event.type === "account.reset" || (event.type === "message.removed" && event.message === shown)) {
    location.hash = address(view, "");
  } else if (event.message && event.message === shown && event.type !== "message.changed") {
    open(shown);
  }
}

function search(event) {
  event.preventDefault();
  location.hash = address("messages", "", $("query").value.trim());
}

// The next one is chosen before this one goes, so that the keyboard keeps its place.
async function discard() {
  const chosen = shown;
  if (view !== "messages" || !chosen) return;
  lists.messages.step(1);
  await api.remove(chosen).catch((problem) => tell(problem.message));
}

const KEYS = {
  j: () => lists[view].step(1),
  k: () => lists[view].step(-1),
  "/": () => $("query").focus(),
  Escape: () => { location.hash = address(view, ""); },
  Delete: discard,
};

document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof HTMLInputElement;
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !(event.key in KEYS)) return;
  event.preventDefault();
  KEYS[event.key]();
});
$("search").addEventListener("submit", search);
$("query").addEventListener("search", search);
addEventListener("hashchange", arrive);

const { last_event: since } = await api.status();
await arrive();
follow({ since, heard, opened: refresh, state: (text) => { $("live").textContent = text; } });
