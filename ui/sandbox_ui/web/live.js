// The live stream. The browser reconnects by itself and says which event it saw last, so nothing is missed.
import { url } from "./api.js";

export function follow({ since, heard, opened, state }) {
  const source = new EventSource(url("stream", { since }));
  source.onopen = () => {
    state("live");
    opened(); // another sandbox may answer at this address now
  };
  source.onerror = () => state(source.readyState === EventSource.CLOSED ? "not connected: reload the page" : "reconnecting…");
  source.onmessage = (message) => heard(JSON.parse(message.data));
}
