// Marks the same samples in every chart of a group, in the browser: the server hears of it afterwards.
//
// A chart takes part through its traces whose `meta.kind` is "samples": `customdata` holds the sample's number, one a
// point, and `marker.color` the place of its colour in `meta.palette`.
// The marks lie on a canvas of our own over the points, under the hover labels: a veil over everything, and the marked
// points in their own colour on top. Restyling the traces instead costs seconds for 100,000 points without a GPU,
// because every point's vertex data is made anew; the canvas takes milliseconds.

const groups = (window.linkedCharts ??= new Map()); // group -> what is marked there; outlives this module's re-imports

export default function ({ data, setTriggerValue }) {
  const group = groups.get(data.group) ?? { charts: new Set(), marked: null, version: -1 };
  groups.set(data.group, group);
  group.veil = pack(data.veil, 0.78);
  group.report = (samples) => setTriggerValue("lasso", { samples, version: group.version });
  if (data.version >= group.version) {
    // An answer to an older lasso than the last one would make the marks jump back for a moment.
    group.version = data.version;
    group.marked = data.samples.length ? new Set(data.samples) : null;
  }
  const root = () => document.querySelector(`.st-key-${data.group}`);
  const attach = () => {
    const host = root();
    if (!host) return;
    for (const chart of group.charts) if (!chart.isConnected) group.charts.delete(chart);
    for (const chart of host.querySelectorAll(".js-plotly-plot")) {
      if (chart._fullLayout && chart.on && !group.charts.has(chart)) join(group, chart);
    }
  };
  attach();
  for (const chart of group.charts) paint(group, chart);
  // Charts, and even the container, may come after this component, and are made anew when the page changes.
  const observer = new MutationObserver(() => {
    group.timer ??= setTimeout(() => { group.timer = undefined; attach(); }, 60);
  });
  observer.observe(document.querySelector("[data-testid=stMain]") ?? document.body, { childList: true, subtree: true });
  return () => observer.disconnect();
}

function join(group, chart) {
  group.charts.add(chart);
  chart.on("plotly_afterplot", () => paint(group, chart));
  chart.on("plotly_relayouting", () => paint(group, chart));
  chart.on("plotly_selected", (event) => {
    if (!event || chart.dataset.clearing) return;
    const samples = new Set();
    for (const point of event.points) if (point.data.meta?.kind === "samples") samples.add(point.customdata);
    mark(group, chart, samples);
  });
  chart.on("plotly_deselect", () => {
    if (!chart.dataset.clearing) mark(group, chart, new Set());
  });
  chart.addEventListener("click", (event) => {
    if (event.target.closest?.('.modebar-btn[data-attr="toImage"], .modebar-btn[data-title*="ownload"]')) lendMarks(group, chart);
  }, true);
  paint(group, chart);
}

function mark(group, source, samples) {
  const start = performance.now();
  group.marked = samples.size ? samples : null;
  group.version += 1;
  for (const chart of group.charts) paint(group, chart);
  requestAnimationFrame(() => requestAnimationFrame(() => {
    source.dataset.linkedMs = (performance.now() - start).toFixed(1);
  }));
  group.report([...samples]);
  setTimeout(() => { for (const chart of group.charts) if (chart !== source) forgetOutline(chart); }, 250);
}

// The outline of an earlier lasso in another chart says nothing of what is marked now.
function forgetOutline(chart) {
  if (!window.Plotly || !chart.isConnected || !chart.layout?.selections?.length) return;
  chart.dataset.clearing = "yes";
  window.Plotly.relayout(chart, { selections: [] }).finally(() => delete chart.dataset.clearing);
}

// Plotly exports what it knows of: for the moment of the picture the marks are an image of its own layout.
function lendMarks(group, chart) {
  if (!group.marked) return;
  const canvas = document.createElement("canvas");
  draw(group, chart, canvas, 3);
  const { width, height, _size: size } = chart._fullLayout;
  const before = chart.layout.images;
  const marks = {
    source: canvas.toDataURL(), xref: "paper", yref: "paper", layer: "above", sizing: "stretch",
    x: -size.l / size.w, y: 1 + size.t / size.h, sizex: width / size.w, sizey: height / size.h,
    xanchor: "left", yanchor: "top",
  };
  chart.layout.images = [...(before ?? []), marks];
  setTimeout(() => { chart.layout.images = before; }, 1500);
}

function paint(group, chart) {
  if (chart._fullLayout && chart._fullData) draw(group, chart, overlay(chart), window.devicePixelRatio || 1);
}

function draw(group, chart, canvas, ratio) {
  const layout = chart._fullLayout;
  const [width, height] = [Math.round(layout.width * ratio), Math.round(layout.height * ratio)];
  if (canvas.width !== width || canvas.height !== height) {
    Object.assign(canvas, { width, height });
    Object.assign(canvas.style, { width: `${layout.width}px`, height: `${layout.height}px` });
  }
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, width, height);
  canvas.dataset.marked = "";
  if (!group.marked) return;
  canvas.dataset.marked = panels(chart).map((traces) => panel(group, context, layout, traces, ratio)).join(",");
}

// The sample traces of a chart, those on the same axes together.
function panels(chart) {
  const byAxes = new Map();
  for (const trace of chart._fullData) {
    if (trace.meta?.kind !== "samples" || trace.visible !== true) continue;
    const axes = `${trace.xaxis} ${trace.yaxis}`;
    byAxes.set(axes, [...(byAxes.get(axes) ?? []), trace]);
  }
  return [...byAxes.values()];
}

function panel(group, context, layout, traces, ratio) {
  const x = layout[traces[0].xaxis.replace("x", "xaxis")];
  const y = layout[traces[0].yaxis.replace("y", "yaxis")];
  const [width, height] = [Math.round(x._length * ratio), Math.round(y._length * ratio)];
  if (width < 1 || height < 1) return 0;
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  pixels.fill(group.veil);
  const disc = stamp(radius(group.marked.size) * ratio);
  let count = 0;
  for (const trace of traces) {
    const palette = trace.meta.palette.map((colour) => pack(colour, 1));
    for (let i = 0; i < trace.customdata.length; i += 1) {
      if (!group.marked.has(trace.customdata[i])) continue;
      count += 1;
      const [px, py] = [Math.round(x.l2p(trace.x[i]) * ratio), Math.round(y.l2p(trace.y[i]) * ratio)];
      put(pixels, width, height, px, py, disc, palette[trace.marker.color[i]], group.veil);
    }
  }
  context.putImageData(image, Math.round(x._offset * ratio), Math.round(y._offset * ratio));
  return count;
}

function put(pixels, width, height, px, py, disc, colour, veil) {
  for (const [dx, dy, cover] of disc) {
    const [cx, cy] = [px + dx, py + dy];
    if (cx < 0 || cy < 0 || cx >= width || cy >= height) continue;
    const at = cy * width + cx;
    if (cover === 255) pixels[at] = colour;
    else if (pixels[at] === veil) pixels[at] = ((colour & 0xffffff) | (cover << 24)) >>> 0;
  }
}

// A disc as pixel offsets and how much of each is covered, 0 to 255.
function stamp(size) {
  const disc = [];
  const reach = Math.ceil(size);
  for (let dy = -reach; dy <= reach; dy += 1) {
    for (let dx = -reach; dx <= reach; dx += 1) {
      const cover = Math.min(1, Math.max(0, size + 0.5 - Math.hypot(dx, dy)));
      if (cover > 0.05) disc.push([dx, dy, Math.round(cover * 255)]);
    }
  }
  return disc;
}

const radius = (count) => (count <= 50 ? 4.5 : count <= 400 ? 3 : count <= 3000 ? 2.3 : 1.7);

const packed = new Map();

// "#rrggbb" as the 32 bits of a pixel (little-endian: alpha, blue, green, red).
function pack(hex, alpha) {
  const key = hex + alpha;
  if (!packed.has(key)) {
    const rgb = parseInt(hex.slice(1, 7), 16);
    const [r, g, b] = [(rgb >> 16) & 255, (rgb >> 8) & 255, rgb & 255];
    packed.set(key, ((Math.round(alpha * 255) << 24) | (b << 16) | (g << 8) | r) >>> 0);
  }
  return packed.get(key);
}

function overlay(chart) {
  const host = chart.querySelector(".svg-container");
  let canvas = host.querySelector(":scope > canvas.linked");
  if (!canvas) {
    canvas = document.createElement("canvas");
    canvas.className = "linked";
    canvas.style.cssText = "position:absolute;left:0;top:0;pointer-events:none";
    const points = host.querySelector(":scope > .gl-container");
    host.insertBefore(canvas, points ? points.nextSibling : null);
  }
  return canvas;
}
