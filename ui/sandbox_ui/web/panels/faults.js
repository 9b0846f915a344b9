// The errors that are armed now: for whom, how often still, how often they struck; disarmed here.
import * as api from "../api.js";
import { button, element, fill } from "../dom.js";
import { badge } from "../format.js";
import { released } from "../pressed.js";
import { link } from "../route.js";
import { attempt } from "../tell.js";

export class Faults {
  constructor(changed) {
    this.changed = changed;
    this.items = [];
    this.round = 0;
    this.element = element("div", { class: "faults" });
  }

  armed(error) {
    return this.items.some((one) => one.error === error && !one.used_up);
  }

  async load() {
    const round = (this.round += 1);
    const { items } = await api.faults();
    await released();
    if (round !== this.round) return;
    this.items = items;
    this.paint();
    this.changed();
  }

  paint() {
    if (!this.items.length) return fill(this.element);
    const rows = this.items.map((one) => this.row(one));
    const clear = button("Disarm all", () => this.disarm(() => api.disarmAll()), { class: "quiet small" });
    return fill(this.element, element("div", { class: "bar" }, element("strong", {}, "Forced errors"), clear), element("ul", { role: "list" }, ...rows));
  }

  row(fault) {
    const match = Object.entries(fault.match).map(([name, pattern]) => `${name} ${pattern}`);
    const chance = fault.probability < 1 ? [`${Math.round(fault.probability * 100)} %`] : [];
    const after = fault.after ? [`after ${fault.after}`] : [];
    return element(
      "li",
      {},
      element("a", { href: link({ view: "errors", id: fault.error }) }, fault.error),
      fault.used_up ? badge("used up", "plain") : badge("armed", "warn", "⚡"),
      element("span", { class: "faint" }, [`at ${fault.stage}`, ...match, ...chance, ...after].join(" · ")),
      element("span", { class: "fired" }, `fired ${fault.fired}${fault.times ? ` of ${fault.times}` : ""}`),
      button("×", () => this.disarm(() => api.disarm(fault.id)), { class: "quiet small", "aria-label": `Disarm ${fault.error}` }),
    );
  }

  async disarm(work) {
    await attempt(work);
    await attempt(() => this.load());
  }
}
