// The terminal on the page: its library, its colours, its size.

import "./styles.js";
import { FitAddon } from "./addon-fit.mjs";
import { Terminal } from "./xterm.mjs";
import { Feed } from "./feed.js";
import { megabytes } from "./text.js";

const SIDE_MAX = 1000;
const LINES_KEPT = 5000;
const NARROW_PX = 620;
const FONT = "ui-monospace, 'Cascadia Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace";
const DARK = matchMedia("(prefers-color-scheme: dark)");
const TEXT = new TextEncoder();
/** Out of what a program may have left: another screen, the mouse, modes, colours. The cursor is
 * saved first, as leaving another screen brings back what was saved on this one. */
const PLAIN = "\x18\x1b7\x1b[?1049l\x1b[?1000;1002;1003;1006;2004l\x1b[!p\x1b[m";
const EMPTY = "\x1bc";
const CURSOR = { shown: "\x1b[?25h", hidden: "\x1b[?25l" };
const COLOURS = {
  light: {
    black: "#17212b", red: "#b3261e", green: "#17703f", yellow: "#80600a", blue: "#1f5fc4",
    magenta: "#8a3fb5", cyan: "#0b6f80", white: "#5a6775", brightBlack: "#5a6775",
    brightRed: "#c8372d", brightGreen: "#1d8249", brightYellow: "#916e10", brightBlue: "#2b6fd8",
    brightMagenta: "#9a52c4", brightCyan: "#128093", brightWhite: "#17212b",
  },
  dark: {
    black: "#2d3844", red: "#ff8a80", green: "#5fd0a3", yellow: "#e6c65c", blue: "#86b4ff",
    magenta: "#c9a2ff", cyan: "#5ccfe0", white: "#c9d3dd", brightBlack: "#7d8b9a",
    brightRed: "#ffa69e", brightGreen: "#85e3bf", brightYellow: "#f3da86", brightBlue: "#a9caff",
    brightMagenta: "#dcc2ff", brightCyan: "#8be2ee", brightWhite: "#ffffff",
  },
};

function theme(box) {
  const named = (name) => getComputedStyle(box).getPropertyValue(name).trim();
  return {
    ...COLOURS[DARK.matches ? "dark" : "light"],
    background: named("--paper"), foreground: named("--ink"), cursor: named("--accent"),
    cursorAccent: named("--paper"), selectionBackground: `${named("--accent")}55`,
  };
}

/** A terminal that fills a box, which is shown by now. `typed(bytes)`, `sized({rows, cols})` and
 * `leave()` are called for what the reader does. */
export class Screen {
  #terminal; #feed; #fit = new FitAddon();

  constructor(box, { typed, sized, leave }) {
    this.#terminal = new Terminal({
      fontFamily: FONT, fontSize: innerWidth < NARROW_PX ? 12 : 14, scrollback: LINES_KEPT,
      lineHeight: 1.15, minimumContrastRatio: 4.5, theme: theme(box), disableStdin: true, cursorBlink: false,
    });
    this.#terminal.loadAddon(this.#fit);
    this.#terminal.open(box);
    this.#feed = new Feed(
      (bytes, done) => this.#terminal.write(bytes, done), (bytes) => this.#left(bytes),
    );
    this.#terminal.onData((text) => typed(TEXT.encode(text)));
    this.#terminal.onBinary((text) => typed(Uint8Array.from(text, (each) => each.charCodeAt(0))));
    this.#terminal.onResize(() => sized(this.size));
    this.#terminal.attachCustomKeyEventHandler((pressed) => this.#pass(pressed, leave));
    new ResizeObserver(() => this.fit()).observe(box);
    DARK.addEventListener("change", () => { this.#terminal.options.theme = theme(box); });
  }

  get size() {
    return { rows: this.#terminal.rows, cols: this.#terminal.cols };
  }

  /** As many rows and columns as the box has room for. */
  fit() {
    const wanted = this.#fit.proposeDimensions();
    if (!wanted || !Number.isFinite(wanted.cols) || !Number.isFinite(wanted.rows)) return;
    this.#terminal.resize(Math.min(wanted.cols, SIDE_MAX), Math.min(wanted.rows, SIDE_MAX));
  }

  print(bytes) {
    this.#feed.push(bytes);
  }

  /** A line of the page's own, after whatever a program left. */
  note(words) {
    this.print(TEXT.encode(`${PLAIN}\r\n\x1b[2m${words}\x1b[m\r\n`));
  }

  /** Empty, for another session; `aloud` makes it fit for a screen reader. */
  clear({ aloud }) {
    this.print(TEXT.encode(EMPTY));
    this.#terminal.options.screenReaderMode = aloud;
    this.fit();
  }

  /** Whether what is typed goes anywhere. */
  set taking(taking) {
    this.#terminal.options.disableStdin = !taking;
    this.print(TEXT.encode(taking ? CURSOR.shown : CURSOR.hidden));
  }

  focus() {
    this.#terminal.focus();
  }

  #left(bytes) {
    this.#terminal.write(TEXT.encode(`${PLAIN}\r\n${megabytes(bytes)} left out\r\n`));
  }

  /** Whether a key is the terminal's: not that to leave it, and not copying a selection. */
  #pass(pressed, leave) {
    if (pressed.type !== "keydown") return true;
    if (pressed.key === "F6" && pressed.shiftKey) {
      pressed.preventDefault();
      leave();
      return false;
    }
    const copying = pressed.ctrlKey && !pressed.shiftKey && pressed.key === "c";
    return !(copying && this.#terminal.hasSelection());
  }
}
