// What is pressed is not redrawn beneath the pointer: a click counts only if it ends on the element where it began.
const LONGEST = 3000; // milliseconds; not every press ends with an event, such as one on a scroll bar
let timer = 0;
let waiting = [];

// Resolves at once, or as soon as the pointer is let go and its click is done.
export function released() {
  return timer ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve();
}

function release() {
  clearTimeout(timer);
  timer = 0;
  const all = waiting;
  waiting = [];
  for (const go of all) go();
}

function press({ button, target }) {
  if (button !== 0 || target instanceof HTMLSelectElement) return; // these open menus
  clearTimeout(timer);
  timer = setTimeout(release, LONGEST);
}

addEventListener("pointerdown", press, true);
addEventListener("pointerup", () => setTimeout(release), true); // the click comes after it
addEventListener("pointercancel", release, true);
