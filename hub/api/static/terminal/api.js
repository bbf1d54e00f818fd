// The hub's part: grants, and the way to a host.

const API = new URL("../api/", document.baseURI);
const SESSION = "session/";

/** A request that came to nothing, with a message fit for a reader. */
export class Refusal extends Error {
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }
}

function reason({ message, detail = {} }) {
  const named = Object.entries(detail.fields ?? {});
  const wrong = named.map(([name, words]) => `${name}: ${[words].flat().join(" ")}`);
  const why = typeof detail.reason === "string" ? [detail.reason] : [];
  return [message, ...wrong, ...why].join("; ");
}

async function answered(path, options) {
  let response;
  try {
    response = await fetch(new URL(path, API), { cache: "no-store", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal("The hub does not answer.");
  }
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  const said = body.error ? reason(body.error) : response.statusText;
  throw new Refusal(`The hub answered ${response.status}: ${said}`, response.status);
}

function posted(path, value, { signal, headers = {} }) {
  return answered(path, {
    method: "POST", signal, body: JSON.stringify(value),
    headers: { "Content-Type": "application/json", ...headers },
  });
}

/** The token of the session of somebody who is logged in, as a header. */
async function csrf(signal) {
  try {
    const { csrf_token: token } = await answered(SESSION, { signal });
    return { "X-CSRF-Token": token };
  } catch (error) {
    if (error.status !== 401) throw error;
    throw new Refusal("An access key is needed, as nobody is logged in.", 401);
  }
}

/** The token of a new grant; without a key, for who is logged in. */
export async function granted(wish, key, signal) {
  const headers = key ? { "X-API-Key": key } : await csrf(signal);
  return (await posted("webrtc/terminal-grant/", wish, { signal, headers })).token;
}

/** The host's answer to an offer. */
export async function answer(token, { type, sdp }, signal) {
  const offered = { token, offer: { type, sdp } };
  return (await posted("webrtc/terminal-session/", offered, { signal })).answer;
}

/** The host that a grant is for, as it says itself; nothing is decided by it. */
export function hostOf(token) {
  try {
    const claims = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    return String(JSON.parse(atob(claims)).host_id ?? "");
  } catch {
    return "";
  }
}
