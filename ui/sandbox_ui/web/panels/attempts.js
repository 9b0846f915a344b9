// The attempts that were refused, newest first, each with its reason.
import * as api from "../api.js";
import { element, when } from "../dom.js";
import { List } from "../list.js";

export class Attempts extends List {
  fetch(cursor) {
    return api.refused(cursor);
  }

  empty() {
    return "Nothing was refused.";
  }

  row(session) {
    const refusal = session.refusals.at(-1);
    return element(
      "a",
      { href: `#attempts/${encodeURIComponent(session.id)}`, "data-id": session.id },
      element(
        "div",
        { class: "row" },
        element("span", { class: "bad" }, `${refusal.status} ${refusal.text}`),
        when(session.started),
      ),
      element(
        "div",
        { class: "row faint" },
        element("span", {}, `${refusal.error}${refusal.forced ? ", forced" : ""}`),
        element("span", {}, `${session.provider} ${session.channel}`),
      ),
    );
  }
}
