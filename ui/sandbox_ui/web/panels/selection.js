// Several messages at once: choose, mark, tag, delete.
import * as api from "../api.js";
import { sure } from "../dialog.js";
import { button, element, fill } from "../dom.js";
import { count } from "../format.js";
import { attempt, tell } from "../tell.js";

const TOGETHER = 25; // ids in one query; the API bounds its length

export class Selection {
  constructor({ list, ask, query }) {
    Object.assign(this, { list, ask, query });
    this.ids = new Set();
    this.last = "";
    this.element = element("div", { class: "selection" });
    this.paint();
  }

  get size() {
    return this.ids.size;
  }

  has(id) {
    return this.ids.has(id);
  }

  // With Shift, everything between the last one and this one.
  toggle(id, range = false) {
    const wanted = !this.ids.has(id);
    const [from, to] = [this.list.places.get(range ? this.last : id) ?? 0, this.list.places.get(id)].sort((a, b) => a - b);
    for (const item of range && this.last ? this.list.items.slice(from, to + 1) : [{ id }]) {
      if (wanted) this.ids.add(item.id);
      else this.ids.delete(item.id);
    }
    this.last = id;
    this.redraw();
  }

  all() {
    const every = this.ids.size === this.list.items.length;
    this.ids = new Set(every ? [] : this.list.items.map((item) => item.id));
    this.redraw();
  }

  drop(gone) {
    const before = this.ids.size;
    for (const id of gone) this.ids.delete(id);
    if (before !== this.ids.size) this.redraw();
  }

  clear() {
    this.ids.clear();
    this.redraw();
  }

  redraw() {
    this.list.redraw();
    this.paint();
  }

  paint() {
    if (!this.size) {
      return fill(
        this.element,
        button("Select all", () => this.all(), { class: "quiet small", "aria-keyshortcuts": "Shift+A" }),
        button("Delete all…", () => this.removeMatching(), { class: "quiet small" }),
      );
    }
    return fill(
      this.element,
      element("strong", { role: "status" }, `${this.size} selected`),
      button("Read", () => this.mark(true), { class: "small" }),
      button("Unread", () => this.mark(false), { class: "small" }),
      button("Tag", () => this.tag(), { class: "small" }),
      button("Delete", () => this.remove(), { class: "small danger" }),
      button("Clear", () => this.clear(), { class: "quiet small" }),
    );
  }

  chosen() {
    return this.list.items.filter((item) => this.ids.has(item.id));
  }

  toggleRead() {
    return this.mark(this.chosen().some((item) => !item.read));
  }

  async mark(read) {
    await attempt(() => inTurn(this.chosen(), (item) => api.change(item.id, { read })));
    this.clear();
  }

  async tag() {
    const text = await this.ask("Tag the selected messages", "Tags, separated by commas, that each gets besides its own", "");
    if (text === null) return;
    const fresh = tagsIn(text);
    await attempt(() => inTurn(this.chosen(), (item) => api.change(item.id, { tags: [...new Set([...item.tags, ...fresh])] })));
    this.clear();
  }

  async remove() {
    const ids = [...this.ids];
    if (ids.length > 1 && !(await sure("Delete messages", `Delete ${count(ids.length, "message")}? They can't be brought back.`, "Delete"))) return;
    const parts = [];
    for (let at = 0; at < ids.length; at += TOGETHER) parts.push(ids.slice(at, at + TOGETHER));
    await attempt(() => inTurn(parts, (part) => api.removeAll(part.map((id) => `id:${id}`).join(" OR "))));
    this.clear();
  }

  async removeMatching() {
    const number = (this.list.exact ? "" : "at least ") + count(this.list.total, "message");
    const which = this.query() ? `${number} that match the search` : `all ${number}`;
    if (!(await sure("Delete messages", `Delete ${which}? They can't be brought back.`, "Delete"))) return;
    const done = await attempt(() => api.removeAll(this.query()));
    if (done) tell(`${count(done.removed, "message")} deleted.`);
  }
}

export function tagsIn(text) {
  return [...new Set(text.split(",").map((tag) => tag.trim()).filter(Boolean))];
}

async function inTurn(items, work) {
  for (const item of items) await work(item);
}
