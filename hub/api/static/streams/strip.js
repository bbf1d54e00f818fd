// The navigator under a chart: the mean of the whole span, and a window that can be moved.

import { colourOf } from "./plot.js";
import * as text from "./text.js";

const SVG = "http://www.w3.org/2000/svg";
const STEPS = 50;
const PARTS = ["before", "after", "window", "from", "to"];

/** The outline of means in a box of 1000 by 100, broken at nulls. */
export function outline(points, bounds, [low, high]) {
  const across = 1000 / (bounds.to - bounds.from || 1);
  const up = 90 / (high - low || 1);
  let pen = "M";
  return points
    .map(({ at, mean }) => {
      if (mean === null) {
        pen = "M";
        return "";
      }
      const x = ((at - bounds.from) * across).toFixed(1);
      const y = (95 - (mean - low) * up).toFixed(1);
      const drawn = pen === "M" ? `M${x} ${y}h.1` : `L${x} ${y}`;
      pen = "L";
      return drawn;
    })
    .join("");
}

export class Strip {
  #bounds = { from: 0, to: 1 };
  #view = { from: 0, to: 1 };

  /** `moved(view, done)` is called while the window is moved, and once more when it rests. */
  constructor(root, moved) {
    this.root = root;
    this.moved = moved;
    this.lines = root.querySelector(".strip-lines");
    this.parts = Object.fromEntries(PARTS.map((name) => [name, root.querySelector(`.${name}`)]));
    this.#listen("window", (view, by) => ({ from: view.from + by, to: view.to + by }));
    this.#listen("from", ({ from, to }, by) => ({ from: this.#inside(from + by, 0, to), to }));
    this.#listen("to", ({ from, to }, by) => ({ from, to: this.#inside(to + by, from, Infinity) }));
    for (const name of ["before", "after"]) {
      this.parts[name].addEventListener("click", (event) => this.#centred(event));
    }
  }

  draw(all, bounds) {
    this.#bounds = bounds;
    const means = all.flatMap(({ hidden, whole }) => (hidden ? [] : whole.points))
      .map(({ mean }) => mean).filter((mean) => mean !== null);
    const limits = means.reduce(
      ([low, high], mean) => [Math.min(low, mean), Math.max(high, mean)], [Infinity, -Infinity],
    );
    this.lines.replaceChildren(
      ...all.flatMap((series) => {
        if (series.hidden) return [];
        const path = document.createElementNS(SVG, "path");
        path.setAttribute("d", outline(series.whole.points, bounds, limits));
        path.style.stroke = colourOf(series);
        return [path];
      }),
    );
  }

  /** Put the window where the view is. */
  place(view, bounds) {
    [this.#view, this.#bounds] = [view, bounds];
    const share = (at) => (100 * (at - bounds.from)) / (bounds.to - bounds.from || 1);
    const [left, right] = [share(view.from), share(view.to)];
    const { before, after, window: pane, from, to } = this.parts;
    before.style.width = `${left}%`;
    after.style.width = `${100 - right}%`;
    pane.style.left = from.style.left = `${left}%`;
    pane.style.width = `${right - left}%`;
    to.style.left = `${right}%`;
    for (const [grip, at] of [[from, view.from], [to, view.to]]) {
      grip.setAttribute("aria-valuemin", bounds.from);
      grip.setAttribute("aria-valuemax", bounds.to);
      grip.setAttribute("aria-valuenow", Math.round(at));
      grip.setAttribute("aria-valuetext", `${text.moment(at)} UTC`);
    }
  }

  #inside(at, low, high) {
    const { from, to } = this.#bounds;
    return Math.min(Math.max(at, from, low), to, high);
  }

  #perPixel() {
    return (this.#bounds.to - this.#bounds.from) / this.root.clientWidth;
  }

  #listen(name, change) {
    const part = this.parts[name];
    part.addEventListener("pointerdown", (down) => {
      if (down.button !== 0) return;
      const start = this.#view;
      let x = down.clientX;
      const moved = (done) =>
        this.moved(change(start, (x - down.clientX) * this.#perPixel()), done);
      const move = (event) => {
        x = event.clientX;
        moved(false);
      };
      part.setPointerCapture(down.pointerId);
      part.addEventListener("pointermove", move);
      part.addEventListener("lostpointercapture", () => {
        part.removeEventListener("pointermove", move);
        moved(true);
      }, { once: true });
    });
    part.addEventListener("keydown", ({ key }) => {
      const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[key];
      const step = (this.#bounds.to - this.#bounds.from) / STEPS;
      if (by) this.moved(change(this.#view, by * step), true);
    });
  }

  #centred({ clientX }) {
    const across = clientX - this.root.getBoundingClientRect().left;
    const at = this.#bounds.from + across * this.#perPixel();
    const half = (this.#view.to - this.#view.from) / 2;
    this.moved({ from: at - half, to: at + half }, true);
  }
}
