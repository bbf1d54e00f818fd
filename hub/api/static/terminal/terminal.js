// The page with a terminal: what opens one, and how its session goes.

import { granted, hostOf, Refusal } from "./api.js";
import { Screen } from "./screen.js";
import { Session } from "./session.js";
import * as text from "./text.js";

const PASTE_BYTES_MAX = 256 * 1024;
const SHELL = "shell";

const at = (id) => document.getElementById(id);

const state = { session: null, open: false, host: "", exit: null, asking: null };
let screen = null;

// --- what the reader sees --------------------------------------------------------------------

const NAMES = {
  idle: "Not connected", connecting: "Connecting", open: "Open", ended: "Ended",
  refused: "Not opened",
};

function show(name, words = "") {
  at("state").dataset.state = name;
  at("state-text").textContent = NAMES[name];
  at("told").textContent = words;
  state.open = name === "open";
  at("leave").textContent = ["ended", "refused"].includes(name) ? "New session" : "Disconnect";
  document.title = state.open && state.host ? `${state.host} – Terminal` : "Terminal";
}

function trouble(words) {
  at("trouble").hidden = !words;
  at("trouble-text").textContent = words;
}

/** Either the form, or a session. */
function turn(shown) {
  for (const id of ["open", "session"]) at(id).hidden = id !== shown;
  at("hints").hidden = shown !== "session";
}

function running(program) {
  screen.taking = program !== null;
  for (const button of at("runs").children) button.disabled = program !== null || !state.open;
}

// --- a session -------------------------------------------------------------------------------

function type(bytes) {
  if (bytes.length > PASTE_BYTES_MAX) {
    const most = text.megabytes(PASTE_BYTES_MAX);
    at("told").textContent = `Not more than ${most} can be typed at once; nothing was.`;
  } else {
    state.session?.type(bytes);
  }
}

function begin(name) {
  running(name);
  if (name === SHELL) state.session.tell("shell", true);
  else state.session.tell("run", name);
  screen.focus();
}

function offered({ shell, presets }) {
  const names = shell ? [SHELL, ...presets] : presets;
  at("runs").hidden = !presets.length;
  at("runs").replaceChildren(...names.map((name) => {
    const button = Object.assign(document.createElement("button"), { type: "button" });
    button.textContent = name === SHELL ? "Shell" : name;
    button.addEventListener("click", () => begin(name));
    return button;
  }));
}

const HEARD = {
  hello(hello) {
    show("open", text.connected(hello, state.host));
    offered(hello);
    running(null);
    state.session.tell("resize", screen.size);
    if (hello.shell && !hello.presets.length) begin(SHELL);
    else at("runs").querySelector("button")?.focus();
  },
  started(program) {
    at("told").textContent = program === SHELL ? at("told").textContent : `${program} runs.`;
  },
  exit(exit) {
    state.exit = exit;
    running(null);
    at("told").textContent = text.exited(exit);
    screen.note(text.exited(exit));
  },
  error(words) {
    running(null);
    at("told").textContent = `The host says: ${words}`;
  },
};

function ended(reason) {
  const why = reason === "exit" && state.exit ? text.exited(state.exit) : text.ended(reason);
  if (reason !== "exit") screen.note(why);
  state.session = null;
  show("ended", why);
  running(null);
}

function refused(error) {
  state.session = null;
  turn("open");
  if (error.name === "AbortError") {
    show("idle");
  } else {
    show("refused");
    trouble(error instanceof Refusal ? error.message : "The connection could not be made.");
    if (!(error instanceof Refusal)) throw error;
  }
}

async function connect(token) {
  const session = new Session({
    printed: (bytes) => screen.print(bytes),
    said: (name, value) => HEARD[name]?.(value),
    ended,
  });
  state.session = session;
  Object.assign(state, { host: hostOf(token), exit: null });
  await session.open(token);
}

async function start() {
  trouble("");
  turn("session");
  screen ??= new Screen(at("screen"), {
    typed: type,
    sized: (size) => state.session?.tell("resize", size),
    leave: () => at("leave").focus(),
  });
  screen.clear({ aloud: at("aloud").checked });
  running(null);
  at("runs").hidden = true;
  const asking = (state.asking = new AbortController());
  try {
    show("connecting", "Asking the hub for a grant…");
    const token = await asked(asking.signal);
    show("connecting", "Waiting for the host…");
    await connect(token);
  } catch (error) {
    refused(error);
  } finally {
    state.asking = null;
  }
}

/** The token that the form asks for, or holds. */
async function asked(signal) {
  if (at("by-key").hidden) return at("grant").value.trim();
  const presets = at("presets").value.split(/[\s,]+/).filter(Boolean);
  const wish = {
    terminal_id: at("terminal").value.trim(), host_id: at("host").value.trim(),
    interactive: at("interactive").checked, allowed_presets: presets,
  };
  return granted(wish, at("key").value.trim(), signal);
}

// --- the reader ------------------------------------------------------------------------------

function choose(way) {
  for (const name of ["key", "grant"]) {
    at(`by-${name}`).hidden = at(`by-${name}`).disabled = name !== way;
    const button = document.querySelector(`[data-way="${name}"]`);
    button.setAttribute("aria-pressed", String(name === way));
  }
}

function leave() {
  if (state.session || state.asking) {
    state.asking?.abort();
    state.session?.close();
  } else {
    at("grant").value = "";
    show("idle");
    turn("open");
    at("open").querySelector("fieldset:enabled input, fieldset:enabled textarea").focus();
  }
}

function listen() {
  at("open").addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    start();
  });
  for (const button of document.querySelectorAll("[data-way]")) {
    button.addEventListener("click", () => choose(button.dataset.way));
  }
  at("leave").addEventListener("click", leave);
  addEventListener("beforeunload", (leaving) => {
    if (state.open) leaving.preventDefault();
  });
  addEventListener("pagehide", () => state.session?.close());
}

listen();
