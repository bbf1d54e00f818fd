// The page of streams: what is shown of which time, and how it stays up to date.

import { ApiError, spanOf, streams } from "./api.js";
import { Card } from "./card.js";
import { drawable, grouped } from "./groups.js";
import { asking } from "./key.js";
import { DAY, within } from "./levels.js";
import { Series } from "./series.js";
import * as text from "./text.js";

const POLL_MS = 3000;
const SETTLE_MS = 160;
const RANGES = { day: DAY, week: 7 * DAY, month: 30 * DAY, year: 365 * DAY, all: Infinity };
const MOVES = {
  earlier: ({ from, to }) => ({ from: from - (to - from) / 2, to: to - (to - from) / 2 }),
  later: ({ from, to }) => ({ from: from + (to - from) / 2, to: to + (to - from) / 2 }),
  in: ({ from, to }) => ({ from: from + (to - from) / 4, to: to - (to - from) / 4 }),
  out: ({ from, to }) => ({ from: from - (to - from) / 2, to: to + (to - from) / 2 }),
};

const at = (id) => document.getElementById(id);

const state = {
  listed: [], cards: [], bounds: null, view: null, range: "day",
  fetching: null, frame: null, lost: false, trouble: null,
};

function boundsOf(listed) {
  const spans = listed.map(spanOf).filter(Boolean);
  if (!spans.length) return null;
  const from = Math.min(...spans.map((span) => span.from));
  const to = Math.max(...spans.map((span) => span.to));
  return { from, to: Math.max(to, from + 60_000) };
}

/** Change a text only where it is another one, so that it is not read out again. */
function say(id, words) {
  if (at(id).textContent !== words) at(id).textContent = words;
}

const everySeries = () => state.cards.flatMap(({ all }) => all);
const atEnd = () => Boolean(state.view) && state.view.to >= state.bounds.to - 1000;

function lastOf(range) {
  const { from, to } = state.bounds;
  return within({ from: Math.max(to - RANGES[range], from), to }, state.bounds);
}

// --- drawing ---------------------------------------------------------------------------------

function describe() {
  const { view, bounds, listed } = state;
  const first = everySeries()[0];
  const level = first.levelFor(view.to - view.from);
  say("viewed", text.range(view, level.width));
  say("level", text.level(level, first.stream.highest_granularity));
  const count = text.count(listed.filter(drawable).length, "stream");
  say("summary", `${count} · ${text.range(bounds)} UTC`);
  for (const button of document.querySelectorAll("[data-range]")) {
    button.setAttribute("aria-pressed", String(button.dataset.range === state.range));
  }
  const live = at("live");
  live.hidden = false;
  live.setAttribute("aria-pressed", String(atEnd()));
  live.classList.toggle("lost", state.lost);
  const running = atEnd() ? "Live" : "Paused";
  say("live-text", state.lost ? "Trying to reach the hub" : running);
  live.title = atEnd() ? "New data appears by itself" : "Go to the newest data";
}

function draw() {
  describe();
  return Promise.all(state.cards.map((card) => card.draw(state.view, state.bounds)));
}

function trouble(error) {
  state.trouble = error;
  at("trouble").hidden = !error;
  say("trouble-text", error ? error.message : "");
}

async function fetchView() {
  state.fetching?.abort();
  const fetching = (state.fetching = new AbortController());
  const late = setTimeout(() => state.cards.forEach((card) => card.busy(true)), SETTLE_MS);
  try {
    const options = { signal: fetching.signal };
    const shown = everySeries().map((series) => series.show(state.view, state.bounds, options));
    await Promise.all(shown);
    trouble(null);
    await draw();
  } catch (error) {
    if (error.name !== "AbortError") trouble(error);
  } finally {
    clearTimeout(late);
    if (state.fetching === fetching) {
      state.fetching = null;
      state.cards.forEach((card) => card.busy(false));
    }
  }
}

/** Show another stretch of time; `done` fetches, and otherwise more is to come. */
async function look(view, { range = null, done = true } = {}) {
  state.view = within(view, state.bounds);
  state.range = range;
  describe();
  state.cards.forEach((card) => card.place(state.view, state.bounds));
  if (done) {
    await draw();
    await fetchView();
  } else {
    state.frame ??= requestAnimationFrame(() => {
      state.frame = null;
      draw();
    });
  }
}

// --- what the page holds ---------------------------------------------------------------------

function built(listed) {
  const page = {
    zoom: (view) => look(view),
    slide: (view, done) => look(view, { done }),
    all: () => look(state.bounds, { range: "all" }),
    trouble,
    point: (moment) => state.cards.forEach((card) => card.point(moment)),
  };
  let colour = 0;
  return grouped(listed.filter(drawable)).map(
    (chart) => new Card(chart.map((stream) => new Series(stream, colour++)), page),
  );
}

function nothing() {
  const { listed } = state;
  at("empty").hidden = false;
  say("summary", listed.length ? text.count(listed.length, "stream") : "No streams yet");
  at("empty-text").textContent = listed.some(drawable)
    ? "The streams hold no datapoints yet. They appear here as soon as the first one arrives."
    : "A stream appears here once it has a “visualization” tag and is public or opened by " +
      "your access key. Start the hub with --demo for three streams of example data.";
}

async function build(listed) {
  state.cards.forEach((card) => card.gone());
  Object.assign(state, { listed, cards: [], bounds: boundsOf(listed.filter(drawable)) });
  const left = listed.filter((stream) => !drawable(stream)).length;
  const without = `${text.count(left, "stream")} without a drawable “visualization” tag. `;
  say("left-out", left ? without : "");
  at("bar").hidden = at("hints").hidden = !state.bounds;
  at("empty").hidden = true;
  at("charts").setAttribute("aria-busy", "true");
  if (!state.bounds) {
    at("charts").replaceChildren();
    nothing();
  } else {
    state.cards = built(listed);
    at("charts").replaceChildren(...state.cards.map(({ root }) => root));
    state.range ??= "day";
    state.view = lastOf(state.range);
    const overviews = everySeries().map((series) => series.overview(state.bounds));
    await Promise.all([...overviews, fetchView()]);
    await draw();
  }
  at("charts").setAttribute("aria-busy", "false");
}

async function start() {
  try {
    const listed = await streams({ fresh: true });
    trouble(null);
    await build(listed);
  } catch (error) {
    state.cards.forEach((card) => card.gone());
    Object.assign(state, { cards: [], listed: [], bounds: null });
    at("charts").replaceChildren();
    for (const id of ["bar", "empty", "hints", "live"]) at(id).hidden = true;
    say("summary", "The streams could not be read");
    trouble(error instanceof ApiError ? error : new ApiError("The page could not be drawn."));
    if (!(error instanceof ApiError)) throw error;
  }
}

// --- staying up to date ----------------------------------------------------------------------

function sameStreams(listed) {
  const ids = (all) => all.filter(drawable).map(({ id }) => id).join();
  const filled = Boolean(boundsOf(listed.filter(drawable)));
  return ids(listed) === ids(state.listed) && filled === Boolean(state.bounds);
}

async function update() {
  const listed = await streams({ fresh: true });
  if (!sameStreams(listed)) return build(listed);
  if (!state.bounds) return undefined;
  const following = atEnd();
  const before = new Map(state.listed.map((stream) => [stream.id, stream.latest_datapoint]));
  const grown = listed.filter((stream) => stream.latest_datapoint !== before.get(stream.id));
  const newer = new Map(grown.map((stream) => [stream.id, stream]));
  if (!newer.size) return undefined;
  Object.assign(state, { listed, bounds: boundsOf(listed.filter(drawable)) });
  if (following) state.view = carried(state.view);
  await Promise.all(
    everySeries().filter(({ id }) => newer.has(id))
      .map((series) => series.follow(newer.get(series.id), state.bounds, { fresh: true })),
  );
  return draw();
}

function carried({ from, to }) {
  if (state.range) return lastOf(state.range);
  return { from: from + state.bounds.to - to, to: state.bounds.to };
}

/** Try again what failed, or look for what is new. */
async function poll() {
  if (document.hidden || state.fetching) return;
  if (state.trouble) {
    if (state.trouble.passing) await again();
  } else if (atEnd() || !state.bounds) {
    try {
      await update();
      state.lost = false;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      state.lost = true;
    } finally {
      if (state.cards.length) describe();
    }
  }
}

async function keepPolling() {
  try {
    await poll();
  } finally {
    setTimeout(keepPolling, POLL_MS);
  }
}

function again() {
  return state.cards.length ? fetchView() : start();
}

// --- the reader ------------------------------------------------------------------------------

function listen() {
  asking(at("key"), at("key-dialog"), start);
  at("again").addEventListener("click", again);
  at("live").addEventListener("click", () => {
    const span = state.view.to - state.view.from;
    look({ from: state.bounds.to - span, to: state.bounds.to }).then(poll);
  });
  for (const button of document.querySelectorAll("[data-range]")) {
    const { range } = button.dataset;
    button.addEventListener("click", () => look(lastOf(range), { range }));
  }
  for (const button of document.querySelectorAll("[data-move]")) {
    button.addEventListener("click", () => look(MOVES[button.dataset.move](state.view)));
  }
  new ResizeObserver(() => state.view && draw()).observe(at("charts"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => state.view && draw());
  document.addEventListener("visibilitychange", () => !document.hidden && poll());
}

listen();
start().finally(keepPolling);
