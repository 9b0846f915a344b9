// Dialogs: what the keys do, and whether something that can't be undone is really wanted.
import { button, element } from "./dom.js";

const KEYS = [
  ["j  ↓ / k  ↑", "next, previous in the list"],
  ["Enter", "open what the keyboard is on"],
  ["x", "select or unselect"],
  ["Shift + a", "select everything that is loaded"],
  ["u", "mark as unread or read"],
  ["t", "tag"],
  ["Delete  #", "delete the message or the selection"],
  ["[  ]", "previous, next tab of the message"],
  ["/", "search"],
  ["g then m a e s c", "go to Messages, Attempts, Errors, State, Connect"],
  ["Escape", "close, or back to the list"],
  ["?", "this help"],
];

export function help() {
  const rows = KEYS.flatMap(([keys, meaning]) => [element("dt", {}, element("kbd", {}, keys)), element("dd", {}, meaning)]);
  show("Keyboard", [element("dl", { class: "keys" }, ...rows)], [["Close", "", "primary"]]);
}

// Resolves to true when the reader agrees.
export async function sure(title, text, action) {
  const chosen = await show(title, [element("p", {}, text)], [["Cancel", "", ""], [action, "yes", "danger"]]);
  return chosen === "yes";
}

// Resolves to the text, or null when the reader thinks better of it.
export async function ask(title, label, value) {
  const input = element("input", { type: "text", value, maxlength: 1000, autocomplete: "off" });
  const field = element("label", { class: "field" }, label, input);
  const chosen = await show(title, [field], [["Cancel", "", ""], ["Save", "yes", "primary"]]);
  return chosen === "yes" ? input.value : null;
}

function show(title, content, actions) {
  const before = document.activeElement;
  const buttons = actions.map(([text, value, look]) => element("button", { value, class: look }, text));
  const form = element("form", { method: "dialog" }, ...content, element("div", { class: "actions" }, ...buttons));
  const close = button("×", () => dialog.close(""), { class: "quiet close", "aria-label": "Close" });
  const dialog = element("dialog", { "aria-label": title }, close, element("h2", {}, title), form);
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.target instanceof HTMLInputElement)) return;
    event.preventDefault(); // the first button of a form is what Enter presses: that would be Cancel
    dialog.close("yes");
  });
  document.body.append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      before?.focus?.();
      resolve(dialog.returnValue);
    });
    dialog.showModal();
    (form.querySelector("input") ?? buttons.at(-1)).focus();
  });
}
