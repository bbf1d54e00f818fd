// One chart of the page: its heading, its plot, the cross-hair with values, and its links.

import { download, save } from "./api.js";
import { unitOf } from "./groups.js";
import { current } from "./key.js";
import { CONFIG, colourOf, heightOf, layout, margins, palette, traces, zoomed } from "./plot.js";
import { nearest } from "./series.js";
import { Strip } from "./strip.js";
import * as text from "./text.js";

const FAR = 1.5;
const TOUCH = matchMedia("(pointer: coarse)");
const DASHES = /[^\w.-]+/g;

function made(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function swatch(series) {
  const dot = made("span", { className: "swatch" });
  dot.style.background = colourOf(series);
  return dot;
}

function quiet(label) {
  return made("span", { className: "tip-what" }, label);
}

export class Card {
  #view = null;
  #bounds = null;
  #focus = null;
  #drawn = Promise.resolve();
  #waiting = false;

  /** `page` is told of `zoom(view)`, `slide(view, done)`, `all()` and `point(at)`. */
  constructor(all, page) {
    this.all = all;
    this.page = page;
    this.root = document.getElementById("card").content.cloneNode(true).firstElementChild;
    this.find = (name) => this.root.querySelector(`.${name}`);
    this.plot = this.find("plot");
    this.strip = new Strip(this.find("strip"), page.slide);
    this.#head();
    this.#legend();
    this.#follow();
  }

  #head() {
    const about = this.all[0].stream.tags.description;
    this.find("card-title").textContent = this.all.map(({ title }) => title).join(", ");
    this.find("card-about").textContent = this.all.length === 1 && about ? String(about) : "";
    this.find("card-about").title = this.find("card-about").textContent;
    this.find("card-unit").textContent = unitOf(this.all[0].stream.tags);
    this.root.setAttribute("aria-label", this.find("card-title").textContent);
  }

  #legend() {
    const legend = this.find("legend");
    legend.hidden = this.all.length === 1 && !this.all[0].hidden;
    legend.replaceChildren(
      ...this.all.map((series) => {
        const button = made("button", { type: "button" }, swatch(series), series.title);
        const focused = (focus) => () => this.#focused(focus);
        button.setAttribute("aria-pressed", String(!series.hidden));
        button.addEventListener("click", () => {
          series.hidden = !series.hidden;
          button.setAttribute("aria-pressed", String(!series.hidden));
          this.draw(this.#view, this.#bounds);
        });
        button.addEventListener("pointerenter", focused(series));
        button.addEventListener("pointerleave", focused(null));
        return button;
      }),
    );
  }

  #focused(series) {
    this.#focus = series;
    this.draw(this.#view, this.#bounds);
  }

  #follow() {
    const stage = this.find("stage");
    stage.addEventListener("pointermove", ({ clientX }) => {
      this.page.point(this.#momentAt(clientX));
    });
    stage.addEventListener("pointerleave", () => this.page.point(null));
    stage.addEventListener("dblclick", () => this.page.all());
  }

  #inner() {
    const width = this.find("stage").clientWidth;
    const { l, r } = margins(width);
    return { left: l, width: width - l - r };
  }

  #momentAt(clientX) {
    const { left, width } = this.#inner();
    const share = (clientX - this.plot.getBoundingClientRect().left - left) / width;
    if (!this.#view || share < 0 || share > 1) return null;
    return this.#view.from + share * (this.#view.to - this.#view.from);
  }

  /** Draw what the series hold, for a view: after the drawing under way, and once for all. */
  draw(view, bounds) {
    if (!view) return this.#drawn;
    [this.#view, this.#bounds] = [view, bounds];
    if (!this.#waiting) {
      this.#waiting = true;
      this.#drawn = this.#drawn.then(() => {
        this.#waiting = false;
        return this.#react();
      });
    }
    return this.#drawn;
  }

  async #react() {
    const width = this.find("stage").clientWidth;
    const colours = palette();
    const room = { width, height: heightOf(this.all, width), touch: TOUCH.matches };
    const first = !this.plot.classList.contains("js-plotly-plot");
    await globalThis.Plotly.react(
      this.plot,
      traces(this.all, colours, this.#focus),
      layout(this.all, this.#view, colours, room),
      CONFIG,
    );
    if (first) {
      this.plot.on("plotly_relayout", (change) => {
        const view = zoomed(change);
        if (view) this.page.zoom(view);
      });
    }
    this.root.style.setProperty("--height", `${room.height}px`);
    this.#around(width);
    this.strip.draw(this.all, this.#bounds);
    this.strip.place(this.#view, this.#bounds);
  }

  #around(width) {
    const { l, r } = margins(width);
    this.root.style.setProperty("--left", `${l}px`);
    this.root.style.setProperty("--right", `${r}px`);
    const shown = this.#shown();
    this.find("nothing").hidden = shown.length > 0 || this.all.some(({ view }) => !view.level);
    this.plot.setAttribute("role", "img");
    this.plot.setAttribute("aria-label", this.#spoken(shown));
    this.#newest();
    this.#links();
  }

  #shown() {
    const { from, to } = this.#view;
    return this.all.flatMap(({ hidden, view }) => (hidden ? [] : view.points))
      .filter(({ at, mean, count }) => at >= from && at <= to && (mean !== null || count));
  }

  #spoken(shown) {
    const means = shown.map(({ mean }) => mean).filter((mean) => mean !== null);
    const what = this.find("card-title").textContent;
    const when = `${text.range(this.#view)} UTC`;
    if (!means.length) return `${what}: no values, ${when}`;
    const low = means.reduce((a, b) => Math.min(a, b));
    const high = means.reduce((a, b) => Math.max(a, b));
    return `${what}: means from ${text.value(low)} to ${text.value(high)}, ${when}`;
  }

  #newest() {
    const newest = this.all.length === 1 ? this.all[0].newest : null;
    this.find("latest-value").textContent = newest ? text.value(newest.mean) : "";
    this.find("latest-at").textContent = newest ? text.moment(newest.at, 1) : "";
  }

  #links() {
    this.find("links").replaceChildren(
      ...this.all.map((series) => {
        const level = series.view.level ?? series.levelFor(this.#view.to - this.#view.from);
        const href = (format) => download(series.stream, this.#view, level, format).href;
        const name = `${series.title.replaceAll(DASHES, "-")}-${level.name}`;
        const link = (label, properties) => {
          const element = made("a", properties, label);
          element.setAttribute("aria-label", `${label}: ${series.title}`);
          element.addEventListener("click", (event) => this.#saved(event, properties));
          return element;
        };
        const row = made("p", {},
          link("Download JSON", { href: href("json"), download: `${name}.json` }),
          link("Download CSV", { href: href("csv"), download: `${name}.csv` }),
          link("API request ↗", { href: href("json"), target: "_blank", rel: "noopener" }),
        );
        if (this.all.length > 1) row.prepend(made("span", {}, swatch(series), series.title));
        return row;
      }),
    );
  }

  /** A link cannot show the reader's key: with one, the page fetches the file itself. */
  #saved(event, { href, download: name }) {
    if (!current() || !name) return;
    event.preventDefault();
    save(href, name).catch(this.page.trouble);
  }

  /** Only move the window of the navigator; the plot follows with `draw`. */
  place(view, bounds) {
    this.strip.place(view, bounds);
  }

  busy(is) {
    this.find("busy").hidden = !is;
  }

  /** Show the values at a moment, or none. */
  point(at) {
    const [cross, tip] = [this.find("cross"), this.find("tip")];
    cross.hidden = tip.hidden = at === null || !this.#view;
    if (tip.hidden) return;
    const rows = this.all.flatMap((series) => (series.hidden ? [] : [this.#row(series, at)]));
    const snapped = rows.find((row) => row.at !== null)?.at ?? at;
    const { left, width } = this.#inner();
    const share = (snapped - this.#view.from) / (this.#view.to - this.#view.from);
    const x = left + Math.min(Math.max(share, 0), 1) * width;
    const wide = this.all[0].view.level?.width;
    cross.style.transform = `translateX(${x}px)`;
    tip.replaceChildren(
      made("p", { className: "tip-at" }, `${text.moment(snapped, wide)} UTC`),
      ...rows.map(({ element }) => element),
    );
    const flipped = x > left + width / 2;
    tip.style.transform = `translateX(${flipped ? `calc(${x - 12}px - 100%)` : `${x + 12}px`})`;
  }

  #row(series, at) {
    const found = nearest(series.view, at);
    const reach = FAR * (series.view.level?.width ?? 0);
    const near = found && (Math.abs(found.at - at) <= reach || series.view.level.rank === 0);
    const values = near ? found : { at: null, mean: null, min: null, max: null };
    const parts = [swatch(series)];
    if (values.min !== null && values.max !== null) parts.push(quiet("mean "));
    parts.push(made("b", {}, text.value(values.mean)));
    if (values.min !== null) parts.push(quiet("min "), text.value(values.min));
    if (values.max !== null) parts.push(quiet("max "), text.value(values.max));
    if (this.all.length > 1) parts.push(made("span", { className: "tip-name" }, series.title));
    return { at: values.at, element: made("p", {}, ...parts) };
  }

  gone() {
    globalThis.Plotly.purge(this.plot);
    this.root.remove();
  }
}
