// Granularities and ranges: how fine a view is asked for, and how wide. Times are milliseconds.

export const POINTS_MAX = 300;
const MARGIN = 0.1;
const SECOND = 1000;
export const DAY = 86_400 * SECOND;

export const LEVELS = [
  ["seconds", 1],
  ["10seconds", 10],
  ["minutes", 60],
  ["10minutes", 600],
  ["hours", 3600],
  ["6hours", 21_600],
  ["days", 86_400],
].map(([name, seconds], rank) => ({ name, width: seconds * SECOND, rank }));

export function levelOf(name) {
  return LEVELS.find((level) => level.name === name) ?? LEVELS[0];
}

/** The finest level with at most POINTS_MAX buckets in a span, none finer than `highest`. */
export function fitting(span, highest) {
  const finest = levelOf(highest).rank;
  return (
    LEVELS.find((level) => level.rank >= finest && span / level.width <= POINTS_MAX) ??
    LEVELS[LEVELS.length - 1]
  );
}

/** The view with a tenth more on each side, within the data, rounded outwards to buckets. */
export function widened(view, bounds, { width }) {
  const more = (view.to - view.from) * MARGIN;
  const from = Math.max(view.from - more, bounds.from);
  const to = Math.min(view.to + more, bounds.to);
  return { from: Math.floor(from / width) * width, to: Math.ceil(to / width) * width };
}

/** A view moved and, where it is longer than the data, cut so that it lies within the data. */
export function within(view, bounds, spanMin = 30 * SECOND) {
  const all = bounds.to - bounds.from;
  const span = Math.min(Math.max(view.to - view.from, spanMin), all);
  const centre = (view.from + view.to) / 2;
  const from = Math.min(Math.max(centre - span / 2, bounds.from), bounds.to - span);
  return { from, to: from + span };
}
