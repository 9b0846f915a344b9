// The account's clock: what time it is there, and buttons that move it.
import * as api from "../api.js";
import { button, card, element, fill } from "../dom.js";
import { duration, moment } from "../format.js";
import { attempt, tell } from "../tell.js";

const STEPS = ["1m", "1h", "24h", "7d"];

export function makeClock(changed) {
  const now = element("div", { class: "now" });
  const amount = element("input", { type: "text", placeholder: "90s, 15m, 1d12h", "aria-label": "How far to move the clock", size: 12 });
  const form = element("form", { class: "inline" }, amount, element("button", { class: "small" }, "Advance"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (amount.value.trim()) move({ advance: amount.value.trim() });
  });

  async function move(wish) {
    const clock = await attempt(() => api.moveClock(wish));
    if (!clock) return;
    amount.value = "";
    show(clock);
    tell(clock.moved ? "The clock was moved; what fell due on the way is done." : "The clock shows real time again.");
    changed();
  }

  function show(clock) {
    const offset = Math.abs(Math.round(clock.offset));
    const note = clock.moved ? `${duration(offset)} ${clock.offset > 0 ? "ahead of" : "behind"} real time` : "real time";
    fill(now, element("strong", {}, moment(clock.now)), element("span", { class: "faint" }, note));
  }

  const steps = STEPS.map((step) => button(`+ ${step}`, () => move({ advance: step }), { class: "small" }));
  const reset = button("Real time", () => move({ reset: true }), { class: "quiet small" });
  const about = element("p", { class: "faint" }, "Retries, bounces, quotas and expiry follow this clock.");
  return { element: card("Clock", now, about, element("div", { class: "bar" }, ...steps, reset), form), show };
}
