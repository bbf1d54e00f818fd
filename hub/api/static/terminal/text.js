// What is told to a reader.

const ENDS = {
  exit: "The shell ended.",
  idle: "Nothing was typed for too long, and the host ended the session.",
  "absolute limit": "The session was as long as the host lets one be.",
  closed: "You disconnected.",
  "too much was typed": "More was typed than the program took, and the host ended the session.",
  "connection lost": "The connection was lost.",
  "the agent stops": "The host's agent was stopped.",
  revoked: "Who opened the session may not do so any more.",
  "the hub cannot be reached": "The host cannot reach the hub, and ended the session.",
  "too many programs": "No more commands can be run in one session.",
};

/** Why a session ended, from the host's words for it. */
export function ended(reason) {
  return ENDS[reason] ?? `The session ended: ${reason}.`;
}

/** How a program ended. */
export function exited({ program, code }) {
  const how = code < 0 ? `was ended by signal ${-code}` : `ended with status ${code}`;
  return `${program === "shell" ? "The shell" : program} ${how}.`;
}

export function connected({ terminal_id: terminal }, host) {
  return host ? `Connected to ${host}, as ${terminal}.` : `Connected, as ${terminal}.`;
}

export function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
