// Numbers and times as a reader sees them.

const part = (options) => new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", ...options });
const DATE = part({ day: "numeric", month: "short", year: "numeric" });
const MINUTE = part({ hour: "2-digit", minute: "2-digit" });
const SECOND = part({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
const COUNT = new Intl.NumberFormat("en-GB");

/** Two decimals; a dash where there is no value. */
export function value(number) {
  return number === null || number === undefined ? "–" : number.toFixed(2).replace("-", "−");
}

/** A moment, to the second where the buckets are that narrow. */
export function moment(at, width = 60_000) {
  return `${DATE.format(at)}, ${(width < 60_000 ? SECOND : MINUTE).format(at)}`;
}

export function clock(at) {
  return SECOND.format(at);
}

export function range({ from, to }, width) {
  const same = DATE.format(from) === DATE.format(to);
  const end = same ? (width < 60_000 ? SECOND : MINUTE).format(to) : moment(to, width);
  return `${moment(from, width)} – ${end}`;
}

export function count(number, one, many = `${one}s`) {
  return `${COUNT.format(number)} ${number === 1 ? one : many}`;
}

const MEANS = {
  seconds: "1-second", "10seconds": "10-second", minutes: "1-minute", "10minutes": "10-minute",
  hours: "hourly", "6hours": "6-hour", days: "daily",
};

/** What is drawn at a level of a stream: means, or the values as they were sent. */
export function level({ name }, highest) {
  return name === highest ? "raw values" : `${MEANS[name]} means`;
}
