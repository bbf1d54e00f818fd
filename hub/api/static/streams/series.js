// The datapoints of one stream that the page holds: of the view, and of the whole span.

import { datapoints, newest, spanOf } from "./api.js";
import { fitting, widened } from "./levels.js";

const NOTHING = { level: null, from: 0, to: 0, points: [] };
const OVERVIEW = ["mean"];

export class Series {
  /** `colour` is its place in the palette. */
  constructor(stream, colour) {
    this.stream = stream;
    this.colour = colour;
    this.hidden = Boolean(stream.tags.visualization.hidden);
    this.view = NOTHING;
    this.whole = NOTHING;
    this.newest = null;
  }

  get id() {
    return this.stream.id;
  }

  get title() {
    return String(this.stream.tags.title ?? this.stream.id);
  }

  get visualization() {
    return this.stream.tags.visualization;
  }

  levelFor(span) {
    return fitting(span, this.stream.highest_granularity);
  }

  /** Have the datapoints of a view at the level that fits it; false where they were here. */
  async show(view, bounds, options) {
    const level = this.levelFor(view.to - view.from);
    const here = this.view;
    if (here.level === level && here.from <= view.from && here.to >= Math.min(view.to, bounds.to)) {
      return false;
    }
    const range = widened(view, bounds, level);
    this.view = { level, ...range, points: await datapoints(this.stream, range, level, options) };
    return true;
  }

  /** Have the means of the whole span, and the newest datapoint. */
  async overview(bounds, options) {
    const level = this.levelFor(bounds.to - bounds.from);
    const range = widened(bounds, bounds, level);
    const [points, last] = await Promise.all([
      datapoints(this.stream, range, level, { ...options, values: OVERVIEW }),
      newest(this.stream, options),
    ]);
    this.whole = { level, ...range, points };
    this.newest = last;
  }

  /** Take over a newer description and fetch what came since, into what is held. */
  async follow(stream, bounds, options) {
    this.stream = stream;
    await Promise.all([this.#followWhole(bounds, options), this.#followView(bounds, options)]);
  }

  async #followWhole(bounds, options) {
    if (this.levelFor(bounds.to - bounds.from) !== this.whole.level) {
      return this.overview(bounds, options);
    }
    const last = newest(this.stream, options);
    this.whole = await this.#extended(this.whole, bounds, { ...options, values: OVERVIEW });
    this.newest = await last;
    return undefined;
  }

  async #followView(bounds, options) {
    const held = this.view;
    if (!held.level) return;
    const extended = await this.#extended(held, bounds, options);
    if (this.view === held) this.view = extended;
  }

  async #extended(held, bounds, options) {
    const { width } = held.level;
    const reached = held.points.at(-1)?.at ?? held.from;
    const range = {
      from: Math.floor(reached / width) * width,
      to: Math.max(held.to, Math.ceil((spanOf(this.stream)?.to ?? bounds.to) / width) * width),
    };
    const points = await datapoints(this.stream, range, held.level, options);
    return {
      ...held,
      to: range.to,
      points: [...held.points.filter(({ at }) => at < range.from), ...points],
    };
  }
}

/** The datapoint nearest to a moment; undefined where there is none. */
export function nearest({ points }, at) {
  let [low, high] = [0, points.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle].at < at) low = middle + 1;
    else high = middle;
  }
  const [before, after] = [points[low - 1], points[low]];
  if (!before || !after) return before ?? after;
  return at - before.at <= after.at - at ? before : after;
}
