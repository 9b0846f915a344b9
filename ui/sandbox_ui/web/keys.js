// The keyboard: letters for whoever likes them, never while something is typed, never instead of the browser's own keys.
import { help } from "./dialog.js";
import { go, read } from "./route.js";

const GO = { m: "messages", a: "attempts", e: "errors", s: "state", c: "start" };
const WAIT = 1500; // milliseconds for the second key of "g m"

export function onKeys(panel, query) {
  let since = -Infinity;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape" && event.target === query) return query.blur();
    if (typing(event.target)) return;
    if (performance.now() - since < WAIT && GO[event.key]) {
      since = -Infinity;
      return done(event, () => go({ view: GO[event.key] }));
    }
    if (event.key === "g") since = performance.now();
    else if (event.key === "?") done(event, help);
    else if (event.key === "/") done(event, () => query.select());
    else if (event.key === "Escape") done(event, () => go({ ...read(), id: "", tab: "" }));
    else if (panel()?.keys?.[event.key] && !takesKey(event)) done(event, panel().keys[event.key]);
  });
}

function done(event, work) {
  event.preventDefault();
  work();
}

function typing(target) {
  const writes = target instanceof HTMLInputElement && !["checkbox", "button", "radio"].includes(target.type);
  return writes || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

// Arrows scroll and move inside whatever has the focus, unless that is the list.
function takesKey(event) {
  if (!event.key.startsWith("Arrow")) return false;
  return event.target !== document.body && !event.target.closest(".windowed");
}
