// Says things to the reader: a note that fades, and the same for screen readers.
import { element } from "./dom.js";

const SECONDS = 6;

export function announce(text) {
  document.getElementById("announcer").textContent = text;
}

export function tell(text, mood = "plain") {
  const note = element("p", { class: `toast ${mood}` }, text);
  document.getElementById("toasts").append(note);
  announce(text);
  setTimeout(() => note.remove(), SECONDS * 1000);
}

// Runs something that may fail; says why when it did. Gives undefined then.
export async function attempt(work) {
  try {
    return await work();
  } catch (problem) {
    tell(problem.message, "bad");
    return undefined;
  }
}

export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    tell("Copied.");
  } catch {
    tell("The browser does not let this page copy; select the text instead.", "bad");
  }
}

export function copyButton(text, label = "Copy") {
  return element("button", { type: "button", class: "quiet small", onclick: () => copyText(text) }, label);
}
