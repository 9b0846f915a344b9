// A list beside what is chosen in it; on narrow screens one of them at a time.
import { element, empty, fill } from "../dom.js";
import { released } from "../pressed.js";
import { link } from "../route.js";

export class Split {
  constructor({ view, label, head, list, detail }) {
    Object.assign(this, { view, detail });
    this.shown = "";
    this.round = 0;
    this.pane = element("section", { class: "detail", "aria-label": `${label}: detail`, tabindex: -1 });
    const side = element("section", { class: "side", "aria-label": label }, ...head, list);
    this.element = element("div", { class: "split" }, side, this.pane);
  }

  // `detail(id)` resolves to the nodes to show; an item that is gone says so, and what was opened before comes too late.
  async open(id, hint) {
    const round = (this.round += 1);
    this.shown = id;
    this.element.dataset.open = String(Boolean(id));
    if (!id) return fill(this.pane, empty(hint));
    try {
      const content = await this.detail(id);
      await released();
      if (round === this.round) fill(this.pane, this.back(), ...content);
    } catch (problem) {
      if (round === this.round) fill(this.pane, this.back(), element("p", { class: "note bad", role: "alert" }, problem.message));
    }
  }

  back() {
    return element("a", { class: "back", href: link({ view: this.view, search: this.search ?? {} }) }, "← Back to the list");
  }
}
