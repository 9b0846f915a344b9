// A list of any length of which only the rows in sight exist: rows have one height, pages come by cursor while scrolling.
import { element, empty, fill } from "./dom.js";
import { released } from "./pressed.js";

const AROUND = 8; // rows beyond the sight, above and below
const AHEAD = 60; // rows from the end at which the next page is fetched
const LOOK_BACK = 10; // pages that are read to find where new rows meet the known ones

export class Windowed {
  // row(item) → element; fetch(cursor) → {items, next, total, total_exact}; nothing() → what stands in an empty list
  constructor({ label, height, row, fetch, nothing, moved, count = () => {} }) {
    Object.assign(this, { height, row, fetch, nothing, moved, count });
    this.items = [];
    this.places = new Map();
    this.rows = new Map();
    this.gone = new Set(); // dropped since the list began: an answer that is on its way may still name them
    this.next = null;
    this.total = 0;
    this.exact = true;  // false: there are at least so many
    this.current = "";
    this.round = 0;
    this.loading = null;
    this.rowList = element("ul", { role: "list", "aria-label": label });
    this.note = element("div", { class: "list-note" });
    this.element = element("div", { class: "windowed", onscroll: () => this.soon() }, this.rowList, this.note);
    new ResizeObserver(() => this.soon()).observe(this.element);
  }

  // Begin anew: another search, another filter.
  async restart() {
    const round = (this.round += 1);
    this.loading = null;
    this.gone.clear();
    const page = await this.fetch(null);
    if (round !== this.round) return;
    this.places.clear(); // every row is drawn anew, since its link leads back to this search
    this.element.scrollTop = 0;
    this.take(page.items, page);
  }

  // Put what is new on top and bring the head of the list up to date; the reader's place stays where it is.
  async refresh() {
    const round = this.round;
    let page = await this.fetch(null);
    const head = [...page.items];
    for (let more = 0; more < LOOK_BACK && page.next && this.items.length && !this.places.has(head.at(-1).id); more += 1) {
      const following = await this.fetch(page.next);
      head.push(...following.items);
      page = { ...following, total: page.total, total_exact: page.total_exact };
    }
    await released();
    if (round !== this.round) return;
    const meets = head.length ? this.places.get(head.at(-1).id) : undefined;
    if (meets === undefined || !page.next) return this.take(head, page);
    const before = this.items.length;
    const items = [...head, ...this.items.slice(meets + 1)];
    if (this.element.scrollTop > 0) this.element.scrollTop += (items.length - before) * this.height;
    this.take(items, { ...page, next: this.next });
  }

  async more() {
    if (this.loading || !this.next) return;
    const round = this.round;
    this.loading = this.fetch(this.next);
    try {
      const page = await this.loading;
      if (round !== this.round) return;
      this.take([...this.items, ...page.items.filter((item) => !this.places.has(item.id))], page);
    } finally {
      if (round === this.round) this.loading = null;
    }
    this.soon();
  }

  take(items, { next, total, total_exact: exact = true }) {
    this.items = items.filter((item) => !this.gone.has(item.id)).map((item) => this.known(item));
    this.places = new Map(this.items.map((item, at) => [item.id, at]));
    this.next = next;
    this.total = Math.max(total, this.items.length);
    this.exact = exact;
    this.count(this.total, exact);
    this.paint();
  }

  // A row is drawn anew when its item is another: one that says the same as before stays the one that it was.
  known(item) {
    const before = this.items[this.places.get(item.id)];
    return before && JSON.stringify(before) === JSON.stringify(item) ? before : item;
  }

  replace(item) {
    const at = this.places.get(item.id);
    if (at === undefined) return;
    this.items[at] = this.known(item);
    this.paint();
  }

  drop(ids) {
    for (const id of ids) this.gone.add(id);
    const lost = ids.filter((id) => this.places.has(id)).length;
    if (lost) this.take(this.items, { next: this.next, total: this.total - lost, total_exact: this.exact });
  }

  // Draw every row anew: what it shows besides its item has changed.
  redraw() {
    for (const known of this.rows.values()) known.item = null;
    this.paint();
  }

  soon() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = 0;
      this.paint();
    });
  }

  paint() {
    const { scrollTop, clientHeight } = this.element;
    const first = Math.max(0, Math.floor(scrollTop / this.height) - AROUND);
    const last = Math.min(this.items.length, Math.ceil((scrollTop + clientHeight) / this.height) + AROUND);
    this.rowList.style.height = `${this.items.length * this.height}px`;
    const focused = this.rowList.contains(document.activeElement) ? document.activeElement.closest("li").dataset.id : null;
    const wanted = new Map();
    for (let at = first; at < last; at += 1) wanted.set(this.items[at].id, at);
    if (focused && this.places.has(focused)) wanted.set(focused, this.places.get(focused)); // the focus never falls off
    for (const [id, known] of this.rows) if (!wanted.has(id)) this.forget(id, known);
    for (const [id, at] of wanted) this.place(id, at);
    this.order(focused);
    fill(this.note, this.items.length ? this.next && "Loading older ones…" : this.nothing());
    if (this.next && last > this.items.length - AHEAD) this.more().catch(() => {});
  }

  forget(id, known) {
    known.li.remove();
    this.rows.delete(id);
  }

  place(id, at) {
    const item = this.items[at];
    let known = this.rows.get(id);
    if (!known || known.item !== item) {
      const focus = known?.li.contains(document.activeElement);
      const li = known?.li ?? element("li", { "data-id": id });
      fill(li, this.row(item));
      known = { li, item };
      this.rows.set(id, known);
      if (focus) li.querySelector("a")?.focus({ preventScroll: true });
    }
    known.li.style.transform = `translateY(${at * this.height}px)`;
    known.li.setAttribute("aria-posinset", at + 1);
    known.li.setAttribute("aria-setsize", this.total);
    const link = known.li.querySelector("a");
    const current = id === this.current;
    link.tabIndex = id === this.stop() ? 0 : -1;
    if (current) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }

  // Rows stand in the document as they are seen, for the keyboard and for screen readers.
  order() {
    const sorted = [...this.rows.values()].sort((a, b) => this.places.get(a.item.id) - this.places.get(b.item.id));
    let before = null;
    for (const { li } of sorted) {
      const expected = before ? before.nextSibling : this.rowList.firstChild;
      if (li !== expected) this.rowList.insertBefore(li, expected);
      before = li;
    }
  }

  stop() {
    return this.places.has(this.current) ? this.current : this.items[0]?.id;
  }

  mark(id) {
    this.current = id;
    this.paint();
  }

  // The id `by` places after the current one, brought into sight; undefined in an empty list.
  step(by) {
    if (!this.items.length) return undefined;
    const at = this.places.get(this.current);
    const wanted = at === undefined ? (by > 0 ? 0 : this.items.length - 1) : Math.min(Math.max(at + by, 0), this.items.length - 1);
    const id = this.items[wanted].id;
    this.current = id; // at once: the next key may come before the address has changed
    this.reveal(wanted);
    this.moved(id);
    return id;
  }

  reveal(at) {
    const top = at * this.height;
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (top + this.height > scrollTop + clientHeight) this.element.scrollTop = top + this.height - clientHeight;
    this.paint();
  }

  focus(id) {
    this.rows.get(id)?.li.querySelector("a").focus({ preventScroll: true });
  }
}

export function nothing(text, ...more) {
  return empty(text, ...more);
}
