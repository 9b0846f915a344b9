// Details that are drawn anew stay open or closed as the reader left them.
import { element } from "./dom.js";

export class Folding {
  constructor() {
    this.left = new Map();
  }

  // A `details` element; `open` is whether it is at first, `key` is its own among all of these.
  details(key, open, attributes, ...children) {
    const made = element("details", { ...attributes, open: this.left.get(key) ?? open }, ...children);
    made.addEventListener("toggle", () => this.left.set(key, made.open));
    return made;
  }
}
