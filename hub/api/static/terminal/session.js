// A session: the connection to a host, and what goes through its channel.

import { answer, Refusal } from "./api.js";

const GATHER_MS = 5000;
const CONNECT_MS = 30_000;
const CLOSE_MS = 2000;
const PIECE_BYTES = 16 * 1024;
const LOST = "connection lost";
const NO_WAY = "The host answered, but cannot be reached from here. Between networks its agent"
  + " needs a STUN or TURN server.";

function after(ms) {
  return new Promise((done) => setTimeout(done, ms));
}

/** A promise of when something holds, which may have changed at an event. */
function event(target, name, holds) {
  return new Promise((done) => {
    const look = () => holds() && done();
    target.addEventListener(name, look);
    look();
  });
}

/**
 * One session, from its grant to its end.
 *
 * `on` is told what happens: `printed(bytes)`, `said(name, value)` for the host's messages, and
 * once `ended(reason)`, in the host's words.
 */
export class Session {
  #on; #connection = new RTCPeerConnection(); #channel; #quitting = new AbortController();
  #reason = null; #over = false;

  constructor(on) {
    this.#on = on;
    this.#channel = this.#connection.createDataChannel("terminal");
    this.#channel.binaryType = "arraybuffer";
  }

  /** Bring it about; rejects with a Refusal where that fails, and AbortError after `close`. */
  async open(token) {
    const { signal } = this.#quitting;
    try {
      await this.#connection.setLocalDescription();
      const gathered = () => this.#connection.iceGatheringState === "complete";
      await Promise.race([
        event(this.#connection, "icegatheringstatechange", gathered), after(GATHER_MS),
      ]);
      const answered = await answer(token, this.#connection.localDescription, signal);
      this.#listen();
      await this.#connection.setRemoteDescription(answered);
      await this.#opened(signal);
    } catch (error) {
      this.#over = true;
      this.#connection.close();
      throw error;
    }
  }

  async #opened(signal) {
    const open = event(this.#channel, "open", () => this.#channel.readyState === "open");
    const quit = event(signal, "abort", () => signal.aborted).then(() => signal.throwIfAborted());
    const late = after(CONNECT_MS).then(() => { throw new Refusal(NO_WAY); });
    const broken = () => this.#connection.connectionState === "failed";
    const failed = event(this.#connection, "connectionstatechange", broken)
      .then(() => { throw new Refusal(NO_WAY); });
    await Promise.race([open, quit, late, failed]);
  }

  #listen() {
    this.#channel.addEventListener("message", ({ data }) => this.#heard(data));
    this.#channel.addEventListener("close", () => this.#end());
    this.#connection.addEventListener("connectionstatechange", () => {
      if (["failed", "closed"].includes(this.#connection.connectionState)) this.#end();
    });
  }

  #heard(data) {
    if (typeof data !== "string") {
      this.#on.printed(new Uint8Array(data));
      return;
    }
    const [[name, value]] = Object.entries(JSON.parse(data));
    if (name === "end") this.#reason = value.reason;
    this.#on.said(name, value);
  }

  #end() {
    if (this.#over) return;
    this.#over = true;
    this.#connection.close();
    this.#on.ended(this.#reason ?? (this.#quitting.signal.aborted ? "closed" : LOST));
  }

  /** Say something to the host. */
  tell(name, value) {
    if (this.#channel.readyState === "open") this.#channel.send(JSON.stringify({ [name]: value }));
  }

  /** Type bytes. */
  type(bytes) {
    for (let at = 0; at < bytes.length && this.#channel.readyState === "open"; at += PIECE_BYTES) {
      this.#channel.send(bytes.subarray(at, at + PIECE_BYTES));
    }
  }

  /** End it, telling the host. */
  async close() {
    this.#quitting.abort();
    this.#channel.close();
    const closed = event(this.#channel, "close", () => this.#channel.readyState === "closed");
    await Promise.race([closed, after(CLOSE_MS)]);
    this.#end();
  }
}
