// The inspection API as this page uses it; paths are relative, so that the page works under any prefix.
export const base = new URL("sandbox/v1/", document.baseURI);

export class Problem extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export function url(path, parameters = {}) {
  const target = new URL(path, base);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined && value !== "") target.searchParams.set(name, value);
  }
  return target;
}

async function answer(method, path, { parameters, body, text = false } = {}) {
  const response = await fetch(url(path, parameters), {
    method,
    body: body === undefined ? undefined : JSON.stringify(body),
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
  });
  if (response.ok) return text ? response.text() : response.json();
  const problem = await response.json().catch(() => ({}));
  throw new Problem(response.status, problem.error?.code ?? "", problem.error?.message ?? response.statusText);
}

const message = (id, rest = "") => `messages/${encodeURIComponent(id)}${rest}`;

export const status = () => answer("GET", "status");
export const messages = (query, cursor) => answer("GET", "messages", { parameters: { query, cursor, limit: 100 } });
export const show = (id) => answer("GET", message(id));
export const source = (id) => answer("GET", message(id, "/raw"), { text: true });
export const markRead = (id) => answer("PATCH", message(id), { body: { read: true } });
export const remove = (id) => answer("DELETE", message(id));
export const refused = (cursor) => answer("GET", "sessions", { parameters: { refused: "true", cursor, limit: 100 } });
export const session = (id) => answer("GET", `sessions/${encodeURIComponent(id)}`);
export const previewUrl = (id) => url(message(id, "/html")).href;
export const rawUrl = (id) => url(message(id, "/raw")).href;
export const partUrl = (id, n) => url(message(id, `/parts/${n}`)).href;
