// How much was accepted, delivered, bounced and refused over time: one row of bars for each, drawn as plain SVG.
import * as api from "../api.js";
import { card, choice, drawing, element, fill } from "../dom.js";
import { duration } from "../format.js";
import { released } from "../pressed.js";

const SERIES = [
  ["accepted", "Accepted", ["message.accepted"]],
  ["delivered", "Delivered", ["recipient.delivered"]],
  ["bounced", "Bounced", ["recipient.hard_bounced", "recipient.soft_bounced"]],
  ["refused", "Refused", ["attempt.refused"]],
];
const SPANS = [["15m", "15 minutes"], ["1h", "an hour"], ["24h", "a day"], ["7d", "a week"], ["30d", "30 days"]];
const WIDTH = 600;
const HEIGHT = 44;
const GAP = 12;

export function makeChart() {
  let span = "1h";
  const body = element("div", { class: "chart" });
  const pick = choice("How far back", SPANS, span, (value) => { span = value; load(); });

  async function load() {
    const found = await api.activity(span);
    await released();
    const rows = SERIES.map(([name, title, types]) => ({ name, title, values: found.items.map(({ counts }) => sum(counts, types)) }));
    fill(body, ...rows.map((row) => line(row, found)));
  }

  return { element: card("Activity", element("div", { class: "bar" }, pick), body), load };
}

function sum(counts, types) {
  return types.reduce((total, type) => total + (counts[type] ?? 0), 0);
}

function line({ name, title, values }, { seconds, items }) {
  const most = Math.max(...values, 1);
  const total = values.reduce((a, b) => a + b, 0);
  const width = WIDTH / values.length;
  const bars = values.map((value, at) => {
    const height = value ? Math.max(2, (value / most) * HEIGHT) : 0;
    const place = { x: at * width, y: HEIGHT - height, width: Math.max(1, width - 1), height };
    return value ? drawing("rect", place, drawing("title", {}, `${value} at ${items[at].at}`)) : null;
  });
  const label = `${title}: ${total} in all, ${most === 1 && !total ? 0 : most} at most in ${duration(seconds)}`;
  const picture = drawing(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT + GAP / 4}`, preserveAspectRatio: "none", role: "img", "aria-label": label },
    drawing("line", { x1: 0, x2: WIDTH, y1: HEIGHT, y2: HEIGHT }),
    ...bars.filter(Boolean),
  );
  return element("figure", { class: `series ${name}` }, element("figcaption", {}, title, element("strong", {}, total.toLocaleString("en"))), picture);
}
