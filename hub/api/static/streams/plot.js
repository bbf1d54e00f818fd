// One chart drawn by the charting library: its traces, its axes, and where things are on it.

import { unitOf } from "./groups.js";

const COLOURS = 8;
const BAND_OPACITY = 0.18;
const ROOM = 0.06;
const NARROW = 520;

/** The colours of the page as the style sheet has them for this scheme. */
export function palette() {
  const style = getComputedStyle(document.documentElement);
  const named = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    surface: named("surface"),
    text: named("quiet"),
    grid: named("grid"),
    line: named("edge"),
    font: style.fontFamily,
    series: Array.from({ length: COLOURS }, (_, index) => named(`series-${index + 1}`)),
  };
}

/** A series' colour in a style. */
export function colourOf({ colour }) {
  return `var(--series-${(colour % COLOURS) + 1})`;
}

/** Room around the plotting area, in pixels, for a chart of this width. */
export function margins(width) {
  return width < NARROW ? { l: 46, r: 10, t: 10, b: 38 } : { l: 68, r: 18, t: 10, b: 40 };
}

/** The library reads a little markup in its texts; a stream's own text is shown as it is. */
function plain(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function translucent(colour, opacity) {
  const [red, green, blue] = colour.match(/[\da-f]{2}/gi).map((pair) => parseInt(pair, 16));
  return `rgba(${red}, ${green}, ${blue}, ${opacity})`;
}

function runs(points, has) {
  const found = [];
  let open = null;
  for (const point of points) {
    if (!has(point)) open = null;
    else if (open) open.push(point);
    else found.push((open = [point]));
  }
  return found;
}

/** The area between minimum and maximum: one closed outline for each stretch without a gap. */
function band(points, colour) {
  const [x, y] = [[], []];
  for (const run of runs(points, ({ min, max }) => min !== null && max !== null)) {
    const back = run.toReversed();
    x.push(...run.map(({ at }) => at), ...back.map(({ at }) => at), null);
    y.push(...run.map(({ max }) => max), ...back.map(({ min }) => min), null);
  }
  return {
    x, y, type: "scatter", mode: "lines", fill: "toself", hoverinfo: "skip",
    fillcolor: translucent(colour, BAND_OPACITY), line: { width: 0 },
  };
}

/** The means, broken at nulls; a value without neighbours is a dot. */
function line(points, colour) {
  const alone = new Set(
    runs(points, ({ mean }) => mean !== null).filter((run) => run.length === 1).flat(),
  );
  return {
    x: points.map(({ at }) => at), y: points.map(({ mean }) => mean), type: "scatter",
    mode: alone.size ? "lines+markers" : "lines", connectgaps: false, hoverinfo: "skip",
    line: { color: colour, width: 1.75 },
    marker: { color: colour, size: points.map((point) => (alone.has(point) ? 5 : 0)) },
  };
}

function stack(points, colour, { width }) {
  return {
    x: points.map(({ at }) => Math.floor(at / width) * width),
    y: points.map(({ mean }) => mean ?? 0), type: "scatter", mode: "lines", stackgroup: "all",
    hoverinfo: "skip", line: { color: colour, width: 1 }, fillcolor: translucent(colour, 0.5),
  };
}

function flags(points, colour, label) {
  const happened = points.filter(({ count }) => count);
  return {
    x: happened.map(({ at }) => at), y: happened.map(() => 0.97), yaxis: "y2", type: "scatter",
    mode: "markers+text", text: happened.map(() => plain(label)), textposition: "bottom center",
    hoverinfo: "skip", marker: { symbol: "triangle-down", size: 10, color: colour },
  };
}

function tracesOf(series, colour) {
  const { points, level } = series.view;
  const { type, value_downsamplers: values = [] } = series.visualization;
  if (type === "stack") return [stack(points, colour, level ?? { width: 1 })];
  if (type === "event") {
    return [flags(points, colour, String(series.stream.tags.label ?? series.title))];
  }
  const traces = [];
  if (values.includes("min") && values.includes("max")) traces.push(band(points, colour));
  if (values.includes("mean")) traces.push(line(points, colour));
  return traces;
}

/** All that a chart's series draw; series that are not in focus are dimmed. */
export function traces(all, colours, focus) {
  return all.flatMap((series) => {
    if (series.hidden) return [];
    const opacity = focus && focus !== series ? 0.25 : 1;
    const drawn = tracesOf(series, colours.series[series.colour % COLOURS]);
    return drawn.map((trace) => ({ ...trace, opacity, showlegend: false }));
  });
}

function stackedTop(all) {
  const sums = new Map();
  for (const { view } of all) {
    for (const { at, mean } of view.points) {
      const bucket = Math.floor(at / (view.level?.width ?? 1));
      sums.set(bucket, (sums.get(bucket) ?? 0) + (mean ?? 0));
    }
  }
  return Math.max(0, ...sums.values());
}

/** The lowest and highest value to show: those of the tags, else those of the view. */
export function scale(all, view) {
  const { minimum, maximum } = all[0].visualization;
  let [low, high] = [Infinity, -Infinity];
  const shown = all.filter(({ hidden }) => !hidden);
  for (const series of shown.filter(({ visualization }) => visualization.type !== "event")) {
    for (const { at, mean, min, max } of series.view.points) {
      if (at < view.from || at > view.to || (mean === null && min === null)) continue;
      low = Math.min(low, min ?? mean);
      high = Math.max(high, max ?? mean);
    }
  }
  if (all.some(({ visualization }) => visualization.type === "stack")) {
    [low, high] = [Math.min(low, 0), Math.max(high, stackedTop(shown))];
  }
  if (low > high) [low, high] = [0, 1];
  const room = (high - low) * ROOM || 1;
  return [minimum ?? low - room, maximum ?? high + room];
}

const TIMES = [
  { dtickrange: [null, 59_999], value: "%H:%M:%S\n%-d %b %Y" },
  { dtickrange: [60_000, 86_399_999], value: "%H:%M\n%-d %b %Y" },
  { dtickrange: [86_400_000, "M1"], value: "%-d %b\n%Y" },
  { dtickrange: ["M1", "M12"], value: "%b\n%Y" },
  { dtickrange: ["M12", null], value: "%Y" },
];

function axis(colours) {
  return {
    gridcolor: colours.grid, linecolor: colours.line, zeroline: false, color: colours.text,
    automargin: false, tickfont: { size: 11 },
  };
}

/** How high a chart is drawn, in pixels; one of events alone needs less. */
export function heightOf(all, width) {
  if (all.every(({ visualization }) => visualization.type === "event")) return 120;
  return width < NARROW ? 220 : 260;
}

/** How a chart is laid out; `touch` leaves dragging to scrolling. */
export function layout(all, view, colours, { width, height, touch }) {
  const title = plain(unitOf(all[0].stream.tags));
  const narrow = width < NARROW;
  return {
    width, height, margin: margins(width), showlegend: false, hovermode: false,
    dragmode: touch ? false : "zoom", paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: colours.surface,
    font: { family: colours.font, size: 12, color: colours.text },
    xaxis: {
      ...axis(colours), type: "date", range: [view.from, view.to], showgrid: false, showline: true,
      ticks: "outside", tickcolor: colours.line, ticklen: 4, nticks: narrow ? 4 : 10,
      tickangle: 0, tickformatstops: TIMES,
      fixedrange: Boolean(touch),
    },
    yaxis: {
      ...axis(colours), range: scale(all, view), fixedrange: true, nticks: 6,
      title: { text: narrow ? "" : title, font: { size: 11 }, standoff: 6 },
    },
    yaxis2: { overlaying: "y", range: [0, 1], fixedrange: true, visible: false },
  };
}

export const CONFIG = { displayModeBar: false, doubleClick: false, showTips: false };

/** The moments of the library's own range after a zoom, or null where it was no zoom on time. */
export function zoomed(change) {
  const [from, to] = [change["xaxis.range[0]"], change["xaxis.range[1]"]].map(moment);
  return Number.isFinite(from) && Number.isFinite(to) ? { from, to } : null;
}

function moment(given) {
  if (typeof given !== "string") return Number(given);
  return Date.parse(given.includes(" ") ? `${given.replace(" ", "T")}Z` : given);
}
