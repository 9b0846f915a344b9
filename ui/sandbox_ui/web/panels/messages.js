// The list of messages, newest first, as the search asks for it.
import * as api from "../api.js";
import { element, outcome, when } from "../dom.js";
import { List } from "../list.js";

export class Messages extends List {
  query = "";

  fetch(cursor) {
    return api.messages(this.query, cursor);
  }

  empty() {
    return this.query ? "No message matches." : "No messages yet. They appear here as soon as they are accepted.";
  }

  row(message) {
    const search = this.query ? `?${new URLSearchParams({ query: this.query })}` : "";
    return element(
      "a",
      { href: `#messages/${encodeURIComponent(message.id)}${search}`, "data-id": message.id },
      element(
        "div",
        { class: message.read ? "row" : "row unread" },
        element("span", {}, message.subject || "(no subject)"),
        when(message.times.accepted),
      ),
      element(
        "div",
        { class: "row faint" },
        element("span", {}, `${message.sender || "<>"} → ${message.envelope.rcpt_to.join(", ")}`),
        outcome(message.outcome),
      ),
      element("div", { class: "row faint" }, element("span", {}, message.snippet), element("span", {}, message.provider)),
    );
  }
}
