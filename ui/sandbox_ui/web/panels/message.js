// One message: who sent what to whom and what became of it; its tabs show it as reader, carrier and provider see it.
import * as api from "../api.js";
import { ask } from "../dialog.js";
import { button, element, pairs } from "../dom.js";
import { Folding } from "../folding.js";
import { badge, count, moment, outcome, size } from "../format.js";
import { paced } from "../live.js";
import { released } from "../pressed.js";
import { link } from "../route.js";
import { tabs } from "../tabs.js";
import { attempt } from "../tell.js";
import { authentication, worst } from "./authentication.js";
import { compatibility } from "./compatibility.js";
import { delivered } from "./delivered.js";
import { found } from "./links.js";
import { parts } from "./parts.js";
import { preview } from "./preview.js";
import { tagsIn } from "./selection.js";
import { headers, source } from "./source.js";
import { timeline } from "./timeline.js";

const SHOWN = 6; // recipients in the head; the timeline has all

export async function makeMessage(id, { removed, tab, turned }) {
  let message = await api.show(id);
  const head = element("div", { class: "head" });
  const views = tabs("Message", viewsOf(() => message), tab, turned);
  const changes = { waiting: 0, done: 0 };
  if (!message.read) {
    message = { ...message, read: true };
    change({ read: true }).catch(() => {});
  }
  paint();

  function paint() {
    head.replaceChildren(
      element(
        "div",
        { class: "title" },
        element("h2", {}, message.subject || "(no subject)"),
        element("div", { class: "actions" }, ...actions()),
      ),
      facts(message),
      element("div", { class: "recipients" }, ...recipients(message, () => views.turn("timeline"))),
    );
  }

  function actions() {
    return [
      button(message.read ? "Mark unread" : "Mark read", toggleRead, { class: "small", "aria-keyshortcuts": "u" }),
      button("Tags", tag, { class: "small", "aria-keyshortcuts": "t" }),
      element("a", { class: "button small", href: api.rawUrl(id), download: "" }, "Download .eml"),
      button("Delete", remove, { class: "small danger", "aria-keyshortcuts": "Delete" }),
    ];
  }

  async function change(wish) {
    changes.waiting += 1;
    try {
      return await api.change(id, wish);
    } finally {
      changes.waiting -= 1;
      changes.done += 1;
    }
  }

  async function toggleRead() {
    const changed = await attempt(() => change({ read: !message.read }));
    if (changed) update(changed);
  }

  async function tag() {
    const text = await ask("Tags", "Tags, separated by commas", message.tags.join(", "));
    if (text === null) return;
    const changed = await attempt(() => change({ tags: tagsIn(text) }));
    if (changed) update(changed);
  }

  // The next one is chosen before this one goes, so that the keyboard keeps its place.
  async function remove() {
    removed();
    await attempt(() => api.remove(id));
  }

  function update({ read, tags }) {
    message = { ...message, read, tags };
    paint();
  }

  const again = paced(async () => {
    const before = changes.done;
    const fresh = await api.show(id).catch(() => null);
    await released();
    if (changes.waiting || changes.done !== before) again(); // it may tell of what was before the change
    else if (fresh) renew(fresh);
  }, 300);

  function renew(fresh) {
    if (JSON.stringify(fresh) === JSON.stringify(message)) return;
    const changed = JSON.stringify(fresh.recipients) !== JSON.stringify(message.recipients);
    message = fresh;
    paint();
    if (changed && ["timeline", "authentication", "copy"].includes(views.current())) views.again();
  }

  return { parts: [head, ...views.parts], heard: again, turn: views.turn, step: views.step, toggleRead, tag, remove };
}

function facts(message) {
  const { envelope } = message;
  const from = envelope.mail_from || "<> (the null sender)";
  return pairs([
    ["From", message.sender],
    ["To", message.to || "(no To field)"],
    ["Envelope", `${from}, HELO ${envelope.helo || "none"}, from ${envelope.client || "unknown"}`],
    [
      "Accepted",
      element(
        "span",
        {},
        moment(message.times.accepted),
        ` by ${message.provider} over ${message.channel}, ${size(message.size)} · `,
        element("a", { href: link({ view: "attempts", id: message.session }) }, "how it came in"),
      ),
    ],
    ...(message.tags.length ? [["Tags", element("span", {}, ...message.tags.map((tag) => badge(tag, "tag")))]] : []),
    ...(message.problems.length ? [["Problems", message.problems.join("; ")]] : []),
  ]);
}

function recipients(message, all) {
  const shown = message.recipients.slice(0, SHOWN);
  const chips = shown.map((one) =>
    element("span", { class: "recipient", title: one.detail }, one.address, " ", outcome(one.outcome)),
  );
  const left = message.recipients.length - shown.length;
  return left ? [...chips, button(`${count(left, "more", "more")}`, all, { class: "quiet small" })] : chips;
}

function viewsOf(message) {
  const folding = new Folding();
  const now = message();
  const verdicts = worst(now.authentication);
  const links = found(now);
  return [
    now.html && { name: "html", title: "Preview", show: () => preview(message()) },
    { name: "text", title: "Text", show: () => plain(message()) },
    { name: "timeline", title: "Timeline", show: () => timeline(message(), folding) },
    { name: "authentication", title: "Authentication", badge: verdicts, show: () => authentication(message()) },
    now.html && { name: "compatibility", title: "Compatibility", show: () => compatibility(message()) },
    { name: "links", title: "Links & codes", badge: links.number || "", show: () => links.show() },
    { name: "headers", title: "Headers", badge: now.headers.length, show: () => headers(message()) },
    { name: "parts", title: "Parts", badge: now.attachments.length || "", show: () => parts(message()) },
    { name: "copy", title: "Delivered copy", show: () => delivered(message()) },
    { name: "source", title: "Source", show: () => source(message()) },
  ].filter(Boolean);
}

function plain(message) {
  if (message.text) return element("pre", { class: "prose" }, message.text);
  return element("p", { class: "note" }, message.html ? "This message has no text part, only HTML." : "This message has no text.");
}
