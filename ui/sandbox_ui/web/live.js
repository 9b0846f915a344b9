// The live stream. The browser reconnects by itself and says which event it saw last, so nothing is missed.
import { url } from "./api.js";

export function follow({ since, heard, opened, state }) {
  const source = new EventSource(url("stream", { since }));
  source.onopen = () => {
    state("live", "live");
    opened(); // another sandbox may answer at this address now
  };
  source.onerror = () => {
    const over = source.readyState === EventSource.CLOSED;
    state(over ? "closed" : "connecting", over ? "not connected: reload the page" : "reconnecting…");
  };
  source.onmessage = (message) => heard(JSON.parse(message.data));
  return () => source.close();
}

// Runs `work` at once, then at most every `pause` milliseconds, and once more for what was asked meanwhile.
export function paced(work, pause) {
  let busy = false;
  let again = false;
  return async function run() {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    try {
      await work();
    } finally {
      setTimeout(() => {
        busy = false;
        if (again) {
          again = false;
          run();
        }
      }, pause);
    }
  };
}
