// Which streams are drawn, and which share a chart.

const DRAWN = {
  line: (values) => values.includes("mean") || (values.includes("min") && values.includes("max")),
  stack: (values) => values.includes("mean"),
  event: () => true,
};

/** Whether the page knows how to draw a stream: its type, with what it is downsampled to. */
export function drawable({ tags }) {
  const { type, value_downsamplers: values } = tags?.visualization ?? {};
  return Boolean(DRAWN[type]?.(values ?? []));
}

/** Whether a stream's tags hold everything of `wanted`, nested objects included. */
export function matches(tags, wanted) {
  if (wanted === null || typeof wanted !== "object") return tags === wanted;
  if (tags === null || typeof tags !== "object") return false;
  return Object.entries(wanted).every(([name, value]) => matches(tags[name], value));
}

function joins(one, other) {
  const wanted = one.tags.visualization.with;
  return Boolean(wanted) && matches(other.tags, wanted);
}

function agree({ tags: a }, { tags: b }) {
  return (
    (a.visualization.minimum ?? null) === (b.visualization.minimum ?? null) &&
    (a.visualization.maximum ?? null) === (b.visualization.maximum ?? null) &&
    unitOf(a) === unitOf(b)
  );
}

/** The axis title of tags: what is measured, and `[unit]`. */
export function unitOf({ unit_description: description, unit }) {
  return [description, unit && `[${unit}]`].filter(Boolean).join(" ");
}

/** Streams as charts, in the list's order; each chart is an array of streams. */
export function grouped(streams) {
  const charts = [];
  for (const stream of streams) {
    const found = charts.find(
      (chart) =>
        chart.every((member) => agree(member, stream)) &&
        chart.some((member) => joins(stream, member) || joins(member, stream)),
    );
    if (found) found.push(stream);
    else charts.push([stream]);
  }
  return charts;
}
