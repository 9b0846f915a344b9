// One message: who, to whom with what outcome, and its content as page, text, headers and source.
import * as api from "../api.js";
import { element, fill, outcome, pairs } from "../dom.js";

// The frame's page brings its own policy: no script, no request, no origin. The attribute says the same once more.
const FRAME = "allow-popups allow-popups-to-escape-sandbox";

export async function showMessage(id) {
  const message = await api.show(id);
  if (!message.read) api.markRead(id).catch(() => {});
  return [
    element("h2", {}, message.subject || "(no subject)"),
    about(message),
    recipients(message),
    message.attachments.length ? attachments(message) : null,
    ...tabs(views(message)),
  ].filter(Boolean);
}

function about(message) {
  const { envelope } = message;
  return pairs([
    ["From", message.sender],
    ["To", message.to],
    ["Envelope", `${envelope.mail_from || "<>"}, HELO ${envelope.helo || "none"}, from ${envelope.client}`],
    ["Accepted", `${message.times.accepted} by ${message.provider} over ${message.channel}, ${message.size} octets`],
    ["Message-ID", message.message_id],
    ...(message.problems.length ? [["Problems", message.problems.join("; ")]] : []),
  ]);
}

function recipients(message) {
  const rows = message.recipients.map((one) => [
    one.address,
    element("span", {}, outcome(one.outcome), one.detail ? ` (${one.detail})` : ""),
  ]);
  return element("div", {}, element("h3", {}, "Recipients"), pairs(rows));
}

function attachments(message) {
  const links = message.attachments.map((one) => [
    element("a", { href: api.partUrl(message.id, one.n), download: "" }, one.filename || `part ${one.n}`),
    `${one.content_type}, ${one.size} octets`,
  ]);
  return element("div", {}, element("h3", {}, "Attachments"), pairs(links));
}

function views(message) {
  const raw = element("a", { href: api.rawUrl(message.id), download: "" }, "Download as .eml");
  return [
    message.html && ["HTML", () => frame(message)],
    ["Text", () => element("pre", { tabindex: 0 }, message.text || "(no text part)")],
    ["Headers", () => pairs(message.headers)],
    ["Source", async () => element("div", {}, raw, element("pre", { tabindex: 0 }, await api.source(message.id)))],
  ].filter(Boolean);
}

function frame(message) {
  const attributes = { sandbox: FRAME, referrerpolicy: "no-referrer", title: "The message's HTML" };
  return element("iframe", { ...attributes, src: api.previewUrl(message.id) });
}

function tabs(all) {
  const panel = element("div", { role: "tabpanel", id: "content" });
  const choose = async (chosen) => {
    for (const button of buttons) button.setAttribute("aria-selected", String(button.textContent === chosen[0]));
    panel.setAttribute("aria-label", chosen[0]);
    fill(panel, await chosen[1]());
  };
  const buttons = all.map((view) =>
    element("button", { type: "button", role: "tab", "aria-controls": "content", onclick: () => choose(view) }, view[0]),
  );
  choose(all[0]);
  return [element("div", { role: "tablist", "aria-label": "Content" }, ...buttons), panel];
}
