// What a page and a report share of charts.

// A figure in which plotly itself draws the images of linked charts, which on a page `points.js` draws. With `marked`
// ({ bits, size }: which images, and how large their points are) those are over the others, which are pale.
const drawn = (figure, marked) => {
  const parts = figure.data.map((trace) => (trace.meta?.kind === "samples" ? scatter(trace, marked) : [trace]));
  return { ...figure, data: [...parts.map(([first]) => first), ...parts.flatMap(([, ...over]) => over)] };
};

const PALE = 0.22; // of what is left of a point's opacity under the marks: a page lays a veil of the rest over it

function scatter(trace, marked) {
  const { palette } = trace.meta;
  const last = Math.max(palette.length - 1, 1);
  const colorscale = [...palette, palette.at(-1)].slice(0, last + 1).map((colour, place) => [place / last, colour]);
  const marker = { ...trace.marker, colorscale, cmin: 0, cmax: last, showscale: false };
  const whole = { ...trace, type: "scatter", visible: true, showlegend: false, hoverinfo: "skip", marker };
  if (!marked) return [whole];
  const samples = values(trace.customdata);
  const chosen = (at) => (marked.bits[samples[at] >> 3] >> (samples[at] & 7)) & 1;
  const pale = { opacity: (marker.opacity ?? 1) * PALE };
  return [some(whole, (at) => !chosen(at), pale), some(whole, chosen, { opacity: 1, size: marked.size })];
}

// A trace with some of its points alone, and with another look.
function some(trace, kept, look) {
  const places = Array.from(values(trace.customdata), (_, at) => at).filter(kept);
  const of = (all) => { const each = values(all); return places.map((at) => each[at]); };
  const marker = { ...trace.marker, ...look, color: of(trace.marker.color) };
  return { ...trace, x: of(trace.x), y: of(trace.y), customdata: of(trace.customdata), marker };
}

// The numbers of an array that may be packed.
function values(array) {
  if (!array.bdata) return array;
  const kinds = { i1: Int8Array, u1: Uint8Array, i2: Int16Array, u2: Uint16Array, i4: Int32Array, u4: Uint32Array, f4: Float32Array, f8: Float64Array };
  return new kinds[array.dtype](Uint8Array.from(atob(array.bdata), (letter) => letter.charCodeAt(0)).buffer);
}

// A figure with other values at some places, such as the light colours of a dark one; as it is where it has no such place.
const changed = (figure, changes) => {
  const copy = structuredClone(figure);
  for (const [path, value] of changes) {
    const owner = path.slice(0, -1).reduce((at, key) => at?.[key], copy);
    if (owner) owner[path.at(-1)] = value;
  }
  return copy;
};
