// A list of links that is loaded page by page, keeps its place when it is loaded anew, and can be walked by key.
import { element, fill } from "./dom.js";

export class List {
  constructor(parent) {
    this.parent = parent;
    this.next = null;
    this.items = [];
  }

  // For each kind of list: fetch(cursor) gives a page, row(item) its link, empty() what to show without any.
  async load() {
    const page = await this.fetch(null);
    this.items = page.items;
    this.next = page.next;
    this.paint();
  }

  async more() {
    const page = await this.fetch(this.next);
    const known = new Set(this.items.map((item) => item.id));
    this.items.push(...page.items.filter((item) => !known.has(item.id)));
    this.next = page.next;
    this.paint();
  }

  paint() {
    const focused = this.parent.contains(document.activeElement) ? document.activeElement.dataset.id : null;
    const top = this.parent.scrollTop;
    const rows = this.items.map((item) => element("li", {}, this.row(item)));
    const button = this.next && element("button", { type: "button", onclick: () => this.more() }, "Older");
    fill(this.parent, rows.length ? element("ul", {}, ...rows) : element("p", { class: "empty" }, this.empty()), button);
    this.parent.scrollTop = top;
    if (focused) this.link(focused)?.focus({ preventScroll: true });
  }

  link(id) {
    return this.links().find((link) => link.dataset.id === id);
  }

  links() {
    return [...this.parent.querySelectorAll("a")];
  }

  mark(id) {
    for (const link of this.links()) {
      if (link.dataset.id === id) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }

  step(by) {
    const links = this.links();
    if (!links.length) return;
    const at = links.findIndex((link) => link.hasAttribute("aria-current"));
    const wanted = links[Math.min(Math.max(at + by, 0), links.length - 1)];
    wanted.focus();
    location.hash = new URL(wanted.href).hash;
  }
}
