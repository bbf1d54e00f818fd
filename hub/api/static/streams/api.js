// The hub's stream interface: the list, datapoints, and the addresses of requests.

import { shown } from "./key.js";

const LIST = new URL("../api/v1/stream/", document.baseURI);
const LIST_LIMIT = 200;
const POINTS_LIMIT = 1000;
const DOWNLOAD_LIMIT = 10_000;
const PAGES_MAX = 50;

/** A request that failed, with a message fit for a reader; `passing` if it may yet succeed. */
export class ApiError extends Error {
  constructor(message, status = 0) {
    super(message);
    this.passing = status === 0 || status >= 500;
  }
}

async function reason(response) {
  try {
    const { error, error_message: message } = await response.json();
    const text = typeof error === "string" ? error : (error?.message ?? message);
    if (text) return text;
  } catch {
    // No JSON: the status alone has to do.
  }
  return response.statusText;
}

async function answered(url, { signal, fresh = false } = {}) {
  let response;
  try {
    const cache = fresh ? "no-cache" : "default";
    response = await fetch(url, { signal, cache, headers: { Accept: "*/*", ...shown() } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The hub does not answer.");
  }
  if (!response.ok) {
    const message = `The hub answered ${response.status}: ${await reason(response)}`;
    throw new ApiError(message, response.status);
  }
  return response;
}

async function get(url, options) {
  return (await answered(url, options)).json();
}

async function* pages(url, options) {
  for (let count = 0; url && count < PAGES_MAX; count += 1) {
    const page = await get(url, options);
    yield page;
    url = page.meta.next && new URL(page.meta.next, url);
  }
}

/** Every stream that this reader may see, over all pages of the list. */
export async function streams(options) {
  const url = new URL(LIST);
  url.searchParams.set("limit", LIST_LIMIT);
  const found = [];
  for await (const page of pages(url, options)) found.push(...page.objects);
  return found;
}

/** The address that asks for a stream's datapoints of a range, both ends included. */
export function address(stream, range, level, more = {}) {
  const url = new URL(`${encodeURIComponent(stream.id)}/`, LIST);
  const wanted = stream.tags.visualization.value_downsamplers ?? [];
  url.searchParams.set("granularity", level.name);
  url.searchParams.set("limit", more.limit ?? POINTS_LIMIT);
  for (const name of more.values ?? wanted) url.searchParams.append("value_downsamplers", name);
  url.searchParams.set("time_downsamplers", "mean");
  url.searchParams.set("start", Math.floor(range.from / 1000));
  url.searchParams.set("end", Math.ceil(range.to / 1000));
  url.searchParams.set("partial", "true");
  if (more.format) url.searchParams.set("format", more.format);
  return url;
}

/** What an address answers to this reader, as a file to save. */
export async function save(href, name) {
  const file = URL.createObjectURL(await (await answered(href)).blob());
  Object.assign(document.createElement("a"), { href: file, download: name }).click();
  URL.revokeObjectURL(file);
}

/** The same request as a file to keep, or to look at. */
export function download(stream, range, level, format) {
  return address(stream, range, level, { format, limit: DOWNLOAD_LIMIT });
}

/** The datapoints of a range: ascending `{at, mean, min, max}`, null where there is no value. */
export async function datapoints(stream, range, level, { values, ...options } = {}) {
  const found = [];
  for await (const page of pages(address(stream, range, level, { values }), options)) {
    found.push(...page.datapoints.map(point));
  }
  return found;
}

/** The newest datapoint of a stream, or null where it has none. */
export async function newest(stream, options) {
  const url = new URL(`${encodeURIComponent(stream.id)}/`, LIST);
  url.search = "limit=1&reverse=true";
  const [last] = (await get(url, options)).datapoints;
  return last ? point(last) : null;
}

function point({ t, v }) {
  const at = Date.parse(typeof t === "string" ? t : t.m);
  if (v !== null && typeof v === "object") {
    const mean = number(v.m);
    return { at, mean, min: number(v.l), max: number(v.u), count: v.c ?? null };
  }
  const value = number(v);
  return { at, mean: value, min: null, max: null, count: v === null ? 0 : 1 };
}

function number(value) {
  if (value === null || value === undefined || value === "") return null;
  const read = Number(value);
  return Number.isFinite(read) ? read : null;
}

/** The moments of a stream's first and last datapoint, or null where it has none. */
export function spanOf(stream) {
  if (!stream.earliest_datapoint || !stream.latest_datapoint) return null;
  return { from: Date.parse(stream.earliest_datapoint), to: Date.parse(stream.latest_datapoint) };
}
