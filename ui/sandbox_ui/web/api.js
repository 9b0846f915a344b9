// The inspection API as this page uses it; paths are relative, so that the page works under any prefix.
export const base = new URL("sandbox/v1/", document.baseURI);
let account = "";

export class Problem extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

// Every request is about this account; empty: the ready-made one.
export function useAccount(name) {
  account = name;
}

export function url(path, parameters = {}) {
  const target = new URL(path, base);
  for (const [name, value] of Object.entries({ ...parameters, account })) {
    if (value !== null && value !== undefined && value !== "") target.searchParams.set(name, value);
  }
  return target;
}

async function answer(method, path, { parameters, body, text = false } = {}) {
  const response = await fetch(url(path, parameters), {
    method,
    body: body === undefined ? undefined : JSON.stringify(body),
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
  }).catch(() => {
    throw new Problem(0, "unreachable", "The sandbox does not answer.");
  });
  if (response.ok) return text ? response.text() : response.json();
  const problem = await response.json().catch(() => ({}));
  throw new Problem(response.status, problem.error?.code ?? "", problem.error?.message ?? response.statusText);
}

const get = (path, parameters) => answer("GET", path, { parameters });
const post = (path, body) => answer("POST", path, { body });
const message = (id, rest = "") => `messages/${encodeURIComponent(id)}${rest}`;

export const status = () => get("status");
export const accounts = () => get("accounts");
export const recipes = () => get("recipes");
export const state = () => get("state");
export const activity = (span) => get("activity", { span, steps: 60 });

export const messages = (query, cursor, limit = 100) => get("messages", { query, cursor, limit });
export const show = (id) => get(message(id));
export const text = (id) => answer("GET", message(id, "/text"), { text: true });
export const source = (id) => answer("GET", message(id, "/raw"), { text: true });
export const copy = (id, recipient) => answer("GET", message(id, "/copy"), { parameters: { recipient }, text: true });
export const compatibility = (id) => get(message(id, "/compatibility"));
export const reports = (id) => get(message(id, "/reports"));
export const report = (id) => answer("GET", `reports/${encodeURIComponent(id)}/raw`, { text: true });
export const change = (id, body) => answer("PATCH", message(id), { body });
export const remove = (id) => answer("DELETE", message(id));
export const removeAll = (query) => answer("DELETE", "messages", { parameters: { query } });
export const simulate = (event, id, recipient) => post("simulate", { event, message: id, recipient });

export const sessions = (query, refused, cursor) => get("sessions", { query, refused, cursor, limit: 100 });
export const session = (id) => get(`sessions/${encodeURIComponent(id)}`);
export const errors = () => get("errors");
export const faults = () => get("faults");
export const arm = (wish) => post("faults", wish);
export const disarm = (id) => answer("DELETE", `faults/${encodeURIComponent(id)}`);
export const disarmAll = () => answer("DELETE", "faults");

export const moveClock = (move) => post("clock", move);
export const reset = () => post("reset", {});
export const suppress = (provider, address) => post("suppressions", { provider, address });
export const unsuppress = (provider, address) => answer("DELETE", "suppressions", { parameters: { provider, address } });

export const previewUrl = (id, scheme) => url(message(id, "/html"), { scheme }).href;
export const rawUrl = (id) => url(message(id, "/raw")).href;
export const partUrl = (id, n) => url(message(id, `/parts/${n}`)).href;
export const copyUrl = (id, recipient) => url(message(id, "/copy"), { recipient }).href;
export const reportUrl = (id) => url(`reports/${encodeURIComponent(id)}/raw`).href;
