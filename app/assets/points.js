// Draws the samples of charts, and finds them by place. Joined with linked.js into one module.
//
// Plotly keeps the arrays and the axes but draws no point: for 12 panels of 10,000 points its WebGL takes ten seconds
// without a GPU, and its own lasso, which asks every point at every move of the pointer, freezes the page. A loop over
// the typed arrays that writes pixels takes milliseconds for both.

const REACH = 12; // pixels from the pointer at which a point is still meant

// The panels of a chart: the traces with samples on the same axes, and how their values become pixels.
function panels(chart) {
  const layout = chart._fullLayout;
  const byAxes = new Map();
  for (const trace of chart._fullData ?? []) {
    if (trace.meta?.kind !== "samples") continue;
    const axes = `${trace.xaxis} ${trace.yaxis}`;
    if (!byAxes.has(axes)) byAxes.set(axes, { ids: [trace.xaxis, trace.yaxis], traces: [] });
    byAxes.get(axes).traces.push(trace);
  }
  for (const panel of byAxes.values()) {
    const [x, y] = panel.ids.map((id) => layout[id.replace(/^[xy]/, "$&axis")]);
    Object.assign(panel, { left: x._offset, top: y._offset, width: x._length, height: y._length });
    Object.assign(panel, { x: along(x, 0, x._length), y: along(y, y._length, 0) });
  }
  return [...byAxes.values()].filter((panel) => panel.width >= 1 && panel.height >= 1);
}

// pixel = scale * value + shift, from the range as it is now: plotly changes it at every move of a zoom.
function along(axis, first, last) {
  const scale = (last - first) / (axis.range[1] - axis.range[0]);
  return { scale, shift: first - scale * axis.range[0] };
}

// An empty image of a panel, with a margin into which the discs of points at the edge may reach.
function ground(panel, ratio, reach) {
  const [width, height] = [Math.round(panel.width * ratio), Math.round(panel.height * ratio)];
  return { width, height, reach, image: new ImageData(width + 2 * reach, height + 2 * reach), ratio };
}

// The number of the pixel in which each point of a trace lies; -1 outside of the panel, and for NaN.
function pixels(panel, trace, { width, height, reach, ratio }) {
  const { x: xs, y: ys } = trace;
  const found = new Int32Array(xs.length);
  const [a, b] = [panel.x.scale * ratio, panel.x.shift * ratio];
  const [c, d] = [panel.y.scale * ratio, panel.y.shift * ratio];
  for (let i = 0; i < found.length; i += 1) {
    const px = Math.floor(a * xs[i] + b);
    const py = Math.floor(c * ys[i] + d);
    const seen = px >= 0 && py >= 0 && px < width && py < height;
    found[i] = seen ? (py + reach) * (width + 2 * reach) + px + reach : -1;
  }
  return found;
}

// All points of a panel, one over the other.
function dots(panel, ratio) {
  const reach = Math.ceil(Math.max(...panel.traces.map((trace) => trace.marker.size / 2)) * ratio);
  const drawn = ground(panel, ratio, reach);
  const sums = new Float32Array(drawn.image.data.length); // colours times their opacity, and opacity
  for (const trace of panel.traces) {
    const palette = Float32Array.from(trace.meta.palette.flatMap(channels));
    const codes = trace.marker.color;
    const places = pixels(panel, trace, drawn);
    const disc = stamp((trace.marker.size / 2) * ratio, drawn.image.width);
    for (let i = 0; i < places.length; i += 1) {
      if (places[i] < 0) continue;
      const [red, green, blue] = [palette[3 * codes[i]], palette[3 * codes[i] + 1], palette[3 * codes[i] + 2]];
      for (let cell = 0; cell < disc.size; cell += 1) {
        const at = 4 * (places[i] + disc.offsets[cell]);
        const own = disc.covers[cell] * trace.marker.opacity;
        const rest = 1 - own;
        sums[at] = red * own + sums[at] * rest;
        sums[at + 1] = green * own + sums[at + 1] * rest;
        sums[at + 2] = blue * own + sums[at + 2] * rest;
        sums[at + 3] = own + sums[at + 3] * rest;
      }
    }
  }
  const { data } = drawn.image;
  for (let at = 0; at < sums.length; at += 4) {
    const opacity = sums[at + 3];
    if (opacity === 0) continue;
    data[at] = sums[at] / opacity;
    data[at + 1] = sums[at + 1] / opacity;
    data[at + 2] = sums[at + 2] / opacity;
    data[at + 3] = 255 * opacity;
  }
  return drawn;
}

// A veil over everything and the marked points in their own colour on top; and how many they are.
function marks(panel, marked, veil, ratio) {
  const size = radius(marked.count) * ratio;
  const drawn = ground(panel, ratio, Math.ceil(size));
  const shades = new Uint32Array(drawn.image.data.buffer).fill(veil);
  const disc = stamp(size, drawn.image.width);
  drawn.count = 0;
  for (const trace of panel.traces) {
    const palette = Uint32Array.from(trace.meta.palette, (colour) => pack(colour, 1));
    const [codes, samples, { bits }] = [trace.marker.color, trace.customdata, marked];
    const places = pixels(panel, trace, drawn);
    for (let i = 0; i < places.length; i += 1) {
      if (!((bits[samples[i] >> 3] >> (samples[i] & 7)) & 1)) continue;
      drawn.count += 1;
      if (places[i] < 0) continue;
      const colour = palette[codes[i]];
      for (let cell = 0; cell < disc.size; cell += 1) {
        const at = places[i] + disc.offsets[cell];
        if (disc.covers[cell] > 0.99) shades[at] = colour;
        else if (shades[at] === veil) shades[at] = ((colour & 0xffffff) | ((disc.covers[cell] * 255) << 24)) >>> 0;
      }
    }
  }
  return drawn;
}

// The samples within a shape [[x, y], ...] in the units of a panel's axes: even-odd, as plotly's own lasso.
function inside(panel, shape) {
  const [xs, ys] = [shape.map(([x]) => x), shape.map(([, y]) => y)];
  const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const found = none(panel.traces);
  for (const trace of panel.traces) {
    for (let i = 0; i < trace.x.length; i += 1) {
      const [x, y] = [trace.x[i], trace.y[i]];
      if (!(x >= left && x <= right && y >= low && y <= high)) continue;
      let within = false;
      for (let at = 0, before = xs.length - 1; at < xs.length; before = at, at += 1) {
        if (ys[at] > y === ys[before] > y) continue;
        if (x < ((xs[before] - xs[at]) * (y - ys[at])) / (ys[before] - ys[at]) + xs[at]) within = !within;
      }
      if (within) add(found, trace.customdata[i]);
    }
  }
  return found;
}

// The point nearest to a place in pixels of a panel, or nothing within `REACH`.
function nearest(panel, x, y) {
  let best = null;
  let least = REACH ** 2;
  for (const trace of panel.traces) {
    const [{ scale: a, shift: b }, { scale: c, shift: d }] = [panel.x, panel.y];
    const [xs, ys] = [trace.x, trace.y];
    for (let i = 0; i < xs.length; i += 1) {
      const distance = (a * xs[i] + b - x) ** 2 + (c * ys[i] + d - y) ** 2;
      if (distance <= least) [least, best] = [distance, { trace, i }];
    }
  }
  return best;
}

const place = (panel, trace, i) => [panel.x.scale * trace.x[i] + panel.x.shift, panel.y.scale * trace.y[i] + panel.y.shift];

// Plotly unpacks typed arrays, but leaves what is in `meta` as it was sent.
const unpacked = new WeakMap();
function numbers(packed) {
  if (!packed.bdata) return packed;
  if (!unpacked.has(packed)) {
    const bytes = Uint8Array.from(atob(packed.bdata), (letter) => letter.charCodeAt(0));
    unpacked.set(packed, new { u1: Uint8Array, u2: Uint16Array, u4: Uint32Array }[packed.dtype](bytes.buffer));
  }
  return unpacked.get(packed);
}

// A set of samples is a bitmap: { bits, count }. A million take 125 kB, and are told in less than that.
function none(traces) {
  let largest = 0;
  for (const trace of traces) for (const sample of trace.customdata) if (sample > largest) largest = sample;
  return { bits: new Uint8Array((largest >> 3) + 1), count: 0 };
}

const has = (set, sample) => (set.bits[sample >> 3] >> (sample & 7)) & 1;

function add(set, sample) {
  if (has(set, sample)) return;
  set.bits[sample >> 3] |= 1 << (sample & 7);
  set.count += 1;
}

// Joins two sets bit by bit: `(a, b) => a | b`, `(a, b) => a & ~b`.
function joined(one, other, how) {
  const bits = Uint8Array.from({ length: Math.max(one.bits.length, other.bits.length) }, (_, i) => how(one.bits[i], other.bits[i]));
  return { bits, count: tally(bits) };
}

const same = (one, other) =>
  one === other || (one?.count === other?.count && joined(one, other, (a, b) => a ^ b).count === 0);

function tally(bits) {
  let count = 0;
  for (let byte of bits) for (; byte; byte &= byte - 1) count += 1;
  return count;
}

function toText({ bits }) {
  let text = "";
  for (let at = 0; at < bits.length; at += 32768) text += String.fromCharCode(...bits.subarray(at, at + 32768));
  return btoa(text);
}

function fromText(text) {
  const bits = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return { bits, count: tally(bits) };
}

// A disc round a pixel: steps to pixels of an image `width` wide, and the share of each that is covered.
function stamp(size, width) {
  const [offsets, covers] = [[], []];
  const reach = Math.ceil(size);
  for (let dy = -reach; dy <= reach; dy += 1) {
    for (let dx = -reach; dx <= reach; dx += 1) {
      const cover = Math.min(1, Math.max(0, size + 0.5 - Math.hypot(dx, dy)));
      if (cover <= 0.05) continue;
      offsets.push(dy * width + dx);
      covers.push(cover);
    }
  }
  return { size: offsets.length, offsets: Int32Array.from(offsets), covers: Float32Array.from(covers) };
}

const radius = (count) => (count <= 50 ? 4.5 : count <= 400 ? 3 : count <= 3000 ? 2.3 : count <= 30000 ? 1.7 : 1.1);

// "#rrggbb" as numbers, and as the 32 bits of a pixel (little-endian: alpha, blue, green, red).
const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

function pack(hex, alpha) {
  const [red, green, blue] = channels(hex);
  return ((Math.round(alpha * 255) << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}
