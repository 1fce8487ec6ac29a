// Marks the same samples in every chart of a group, in the browser: the server hears of it afterwards.
//
// A chart takes part through its traces whose `meta.kind` is "samples": `customdata` holds the sample's number, one a
// point, and `marker.color` the place of its colour in `meta.palette`. Plotly does not draw them ("legendonly"): they
// lie on canvases of our own (points.js), and so do the marks, under the hover labels. Plotly's lasso and box draw the
// outline; which points lie within is found here.

const groups = (window.linkedCharts ??= new Map()); // group -> what is marked there; outlives this module's re-imports

const LENT = "linked points";

export default function ({ data, setTriggerValue }) {
  const group = groups.get(data.group) ?? { name: data.group, charts: new Map(), marked: null, version: -1 };
  groups.set(data.group, group);
  group.veil = pack(data.veil, 0.78);
  group.report = () => setTriggerValue("lasso", { marked: group.marked ? toText(group.marked) : "", version: group.version });
  group.drag = data.drag;
  if (data.version >= group.version && !group.dragging) {
    // An answer to an older lasso than the last one would make the marks jump back for a moment.
    group.version = data.version;
    if (show(group, data.marked ? fromText(data.marked) : null)) forgetOutlines(group, null);
  }
  const attach = () => {
    const host = document.querySelector(`.st-key-${data.group}`);
    if (!host) return;
    for (const chart of group.charts.keys()) if (!chart.isConnected) group.charts.delete(chart);
    for (const chart of host.querySelectorAll(".js-plotly-plot")) {
      // A chart that is made anew in its place has lost its listeners.
      if (chart._fullLayout && chart.on && group.charts.get(chart) !== chart._ev) enlist(group, chart);
    }
  };
  attach();
  for (const chart of group.charts.keys()) {
    paint(group, chart);
    handle(group, chart);
  }
  const pinned = () => { for (const chart of group.charts.keys()) if (chart.isConnected) pin(chart); };
  window.addEventListener("inspected", pinned);
  // Charts, and even the container, may come after this component, and are made anew when the page changes.
  const observer = new MutationObserver(() => {
    group.timer ??= setTimeout(() => { group.timer = undefined; attach(); }, 60);
  });
  observer.observe(document.querySelector("[data-testid=stMain]") ?? document.body, { childList: true, subtree: true });
  return () => { observer.disconnect(); window.removeEventListener("inspected", pinned); };
}

function enlist(group, chart) {
  if (!group.charts.has(chart)) listen(group, chart);
  group.charts.set(chart, chart._ev);
  chart.on("plotly_afterplot", () => paint(group, chart));
  chart.on("plotly_relayouting", () => soon(chart, "painting", () => paint(group, chart)));
  chart.on("plotly_selecting", (event) => preview(group, chart, event));
  chart.on("plotly_selected", (event) => {
    // Plotly says it again at every zoom, and at the double click that clears.
    if (!group.dragging && !group.editing) return;
    group.dragging = false;
    const found = chosen(group, chart, event);
    if (found) mark(group, chart, found);
  });
  paint(group, chart);
  handle(group, chart);
}

// What dragging does is told to the charts here: a figure with another `dragmode` would be drawn anew, without its zoom.
function handle(group, chart) {
  if (chart.isConnected && group.drag && chart._fullLayout && chart._fullLayout.dragmode !== group.drag) {
    window.Plotly?.relayout(chart, { dragmode: group.drag });
  }
}

function listen(group, chart) {
  chart.addEventListener("mousedown", (event) => {
    const { shiftKey, altKey, target, detail } = event;
    const drawing = /lasso|select/.test(chart._fullLayout.dragmode) && !target.closest?.(".modebar");
    if (detail === 2 && drawing) {
      // A double click; plotly's cover over the page takes the browser's own event of it.
      mark(group, null, null);
      setTimeout(() => chart.querySelector('.modebar-btn[data-val="reset"]')?.click(), 300);
    }
    group.editing = Boolean(target.closest?.(".selectionlayer, .outline-controllers"));
    group.before = shiftKey || altKey ? group.marked : null;
    group.how = altKey ? (a, b) => a & ~b : (a, b) => a | b;
    group.slow = false;
    unhover(group);
    press(chart, event);
  }, true);
  chart.addEventListener("lend", () => lendPoints(group, chart));
  chart.addEventListener("marks", ({ detail }) => {
    if (group.marked) Object.assign(detail, { bits: group.marked.bits, size: 2 * radius(group.marked.count) });
  });
  chart.addEventListener("mousemove", (event) => soon(chart, "hovering", () => hover(group, chart, event)));
  chart.addEventListener("mouseleave", () => soon(chart, "hovering", () => unhover(group)));
}

// Once before the next frame, however often it is asked for.
function soon(chart, what, then) {
  const waiting = (chart.linked ??= {});
  if (!waiting[what]) requestAnimationFrame(() => { const last = waiting[what]; waiting[what] = undefined; last(); });
  waiting[what] = then;
}

// The samples in the lasso or box of an event; with shift held they are added to those marked, with alt taken away.
function chosen(group, chart, event) {
  const { lassoPoints: lasso, range } = event ?? {};
  const axes = lasso ?? range;
  const panel = axes && panels(chart).find(({ ids }) => ids.every((id) => id in axes));
  if (!panel) return null;
  const [x, y] = panel.ids.map((id) => axes[id]);
  const shape = lasso ? x.map((at, i) => [at, y[i]]) : [[x[0], y[0]], [x[1], y[0]], [x[1], y[1]], [x[0], y[1]]];
  const found = inside(panel, shape);
  return group.before ? joined(group.before, found, group.how) : found;
}

// Marks while the lasso is still being drawn, unless there are so many points that it would stutter.
function preview(group, chart, event) {
  group.dragging = true;
  if (group.slow) return;
  const start = performance.now();
  show(group, chosen(group, chart, event) ?? group.marked);
  group.slow = performance.now() - start > 150;
}

function mark(group, source, marked) {
  const start = performance.now();
  show(group, marked);
  group.version += 1;
  requestAnimationFrame(() => requestAnimationFrame(() => {
    document.querySelector(`.st-key-${group.name}`)?.setAttribute("data-linked-ms", (performance.now() - start).toFixed(1));
  }));
  group.report();
  window.dispatchEvent(new CustomEvent("marked"));
  setTimeout(() => forgetOutlines(group, source), 250);
}

// Marks a set, or nothing, in all charts; returns whether that is a change.
function show(group, marked) {
  const set = marked?.count ? marked : null;
  if (same(set, group.marked)) return false;
  group.marked = set;
  for (const chart of group.charts.keys()) paint(group, chart);
  return true;
}

// The outline of an earlier lasso says nothing of what is marked now: only the last one of `source` stays, and with
// shift or alt, which build on the earlier ones, all of its own.
function forgetOutlines(group, source) {
  for (const chart of group.charts.keys()) {
    const outlines = chart.isConnected && chart.layout?.selections;
    const kept = chart !== source ? 0 : group.before ? Infinity : 1;
    if (outlines?.length > kept) window.Plotly?.relayout(chart, { selections: outlines.slice(outlines.length - kept) });
  }
}

// Plotly exports what it knows of: for the moment of the picture points and marks are an image of its own layout.
function lendPoints(group, chart) {
  const canvas = document.createElement("canvas");
  const { width, height, _size: size } = chart._fullLayout;
  draw(chart, canvas, 3, (panel) => dots(panel, 3));
  if (group.marked) {
    const marks_ = document.createElement("canvas");
    draw(chart, marks_, 3, (panel) => marks(panel, group.marked, group.veil, 3));
    canvas.getContext("2d").drawImage(marks_, 0, 0);
  }
  const others = () => (chart.layout.images ?? []).filter(({ name }) => name !== LENT);
  const picture = {
    name: LENT, source: canvas.toDataURL(), xref: "paper", yref: "paper", layer: "above", sizing: "stretch",
    x: -size.l / size.w, y: 1 + size.t / size.h, sizex: width / size.w, sizey: height / size.h,
    xanchor: "left", yanchor: "top",
  };
  chart.layout.images = [...others(), picture];
  clearTimeout(chart.linkedLent); // of a picture that was asked for a moment ago
  chart.linkedLent = setTimeout(() => { chart.layout.images = others(); }, 1500);
}

// Draws the points of a chart, and the marks, each where something of it has changed.
function paint(group, chart) {
  if (!chart._fullLayout || !chart._fullData || !chart.querySelector(".svg-container")) return;
  const ratio = window.devicePixelRatio || 1;
  const all = panels(chart);
  const where = JSON.stringify([ratio, all.map(({ traces, ...axes }) => axes)]);
  const what = all.flatMap(({ traces }) => traces.flatMap((trace) => [trace.x, trace.y, trace.marker.color]));
  redraw(canvas(chart, "points"), chart, ratio, [where, ...what], (panel) => dots(panel, ratio));
  const counts = [];
  const over = canvas(chart, "linked");
  const drawn = redraw(over, chart, ratio, [where, group.marked, group.veil, ...what], group.marked && ((panel) => {
    const image = marks(panel, group.marked, group.veil, ratio);
    counts.push(image.count);
    return image;
  }));
  if (drawn) over.dataset.marked = counts.join(",");
  pin(chart);
}

function redraw(target, chart, ratio, of, image) {
  if (of.length === target.of?.length && of.every((each, i) => each === target.of[i])) return false;
  target.of = of;
  draw(chart, target, ratio, image);
  return true;
}

// Puts an image of each panel on a canvas as large as the chart.
function draw(chart, canvas, ratio, image) {
  const layout = chart._fullLayout;
  const [width, height] = [Math.round(layout.width * ratio), Math.round(layout.height * ratio)];
  if (canvas.width !== width || canvas.height !== height) {
    Object.assign(canvas, { width, height });
    Object.assign(canvas.style, { width: `${layout.width}px`, height: `${layout.height}px` });
  }
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, width, height);
  if (!image) return;
  for (const panel of panels(chart)) {
    const { image: pixels_, reach, width: wide, height: high } = image(panel);
    const [left, top] = [Math.round(panel.left * ratio), Math.round(panel.top * ratio)];
    context.putImageData(pixels_, left - reach, top - reach, reach, reach, wide, high);
  }
}

// A canvas over the grid and the curves of a chart, under its labels: first the points, then the marks.
function canvas(chart, name) {
  const host = chart.querySelector(".svg-container");
  let found = host.querySelector(`:scope > canvas.${name}`);
  if (!found) {
    found = Object.assign(document.createElement("canvas"), { className: name });
    found.style.cssText = "position:absolute;left:0;top:0;pointer-events:none";
    const below = host.querySelector(":scope > canvas.points") ?? host.querySelector(":scope > .gl-container");
    host.insertBefore(found, below ? below.nextSibling : null);
  }
  return found;
}
