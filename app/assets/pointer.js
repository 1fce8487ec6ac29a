// What the pointer finds among the samples of linked charts: names under it, rings, and the click that opens the
// inspector. Joined with points.js and linked.js into one module.

const STILL = 4; // pixels that a click may move
const DOUBLE = 280; // milliseconds in which a second click makes it a double click, which clears

// Names the point under the pointer, and rings the same sample in every panel.
function hover(group, chart, event) {
  const { buttons, target } = event;
  unhover(group);
  if (buttons || target.closest?.(".modebar") || chart.querySelector(".hoverlayer .hovertext")) return;
  const { panel, point } = pointed(chart, event);
  if (!point) return;
  const sample = point.trace.customdata[point.i];
  for (const other of group.charts.keys()) if (other.isConnected) ring(other, sample);
  layer(chart).append(label(chart, point, panel));
}

function unhover(group) {
  for (const chart of group.charts.keys()) chart.querySelector(".linked-hover")?.replaceChildren();
}

function ring(chart, sample, host = layer(chart), size = 12) {
  const { ink } = colours(chart);
  for (const panel of panels(chart)) {
    for (const trace of panel.traces) {
      const i = trace.customdata.indexOf(sample);
      if (i < 0) continue;
      const [x, y] = place(panel, trace, i);
      if (!(x >= 0 && y >= 0 && x <= panel.width && y <= panel.height)) continue;
      const dot = document.createElement("div");
      dot.style.cssText = `position:absolute;box-sizing:border-box;width:${size}px;height:${size}px;border-radius:50%;border:${size > 12 ? 3 : 2}px solid ${ink}`;
      Object.assign(dot.style, { left: `${panel.left + x - size / 2}px`, top: `${panel.top + y - size / 2}px` });
      host.append(dot);
    }
  }
}

function label(chart, { trace, i }, panel) {
  const { ink, ground: back, line, font } = colours(chart);
  const { classes, detail, ...rest } = trace.meta.hover;
  const [own, prediction, percent] = ["label", "prediction", "percent"].map((name) => numbers(rest[name])[i]);
  const number = (text, axis, sign, digits) => `${sign && trace[axis][i] >= 0 ? "+" : ""}${trace[axis][i].toFixed(digits)}`;
  const lines = [
    `Sample ${trace.customdata[i]} · ${trace.name}`,
    `true class ${classes[own]}, predicted ${classes[prediction]} (${percent} %)`,
    detail.replace(/%\{([xy]):(\+?)\.(\d)f\}/g, number),
  ];
  const box = document.createElement("div");
  box.style.cssText = `position:absolute;padding:4px 8px;border-radius:4px;white-space:nowrap;pointer-events:none;
    color:${ink};background:${back};border:1px solid ${line};box-shadow:0 2px 8px rgb(0 0 0 / .18);font:13px ${font}`;
  for (const line of lines.filter(Boolean)) {
    const part = Object.assign(document.createElement("span"), { textContent: line }); // plotly gives a div its own font
    part.style.display = "block";
    box.append(part);
  }
  box.firstChild.style.fontWeight = 650;
  const [x, y] = place(panel, trace, i);
  const [left, top] = [panel.left + x, panel.top + y];
  // on the side where there is room
  box.style[left > chart.clientWidth / 2 ? "right" : "left"] = `${(left > chart.clientWidth / 2 ? chart.clientWidth - left : left) + 12}px`;
  box.style.top = `${Math.max(0, top - 28)}px`;
  return box;
}

function colours(chart) {
  const { hoverlabel: { bgcolor, bordercolor, font }, font: { color } } = chart._fullLayout;
  return { ink: font.color ?? color, ground: bgcolor, line: bordercolor, font: font.family };
}

// A click on a point, and no lasso, opens the inspector; whatever page there is hears of it.
function press(chart, { clientX, clientY, button, shiftKey, altKey, target, detail }) {
  clearTimeout(window.inspecting);
  if (button || shiftKey || altKey || detail > 1 || target.closest?.(".modebar")) return;
  window.addEventListener("mouseup", (event) => {
    if (Math.hypot(event.clientX - clientX, event.clientY - clientY) > STILL) return;
    const point = pointed(chart, event).point;
    if (!point) return;
    const sample = Number(point.trace.customdata[point.i]);
    window.inspecting = setTimeout(() => window.dispatchEvent(new CustomEvent("inspect", { detail: sample })), DOUBLE);
  }, { capture: true, once: true });
}

// The panel under the pointer, and the point in it that is meant.
function pointed(chart, { clientX, clientY }) {
  const { left, top } = chart.querySelector(".svg-container").getBoundingClientRect();
  const [x, y] = [clientX - left, clientY - top];
  const panel = panels(chart).find((each) => x >= each.left && y >= each.top && x <= each.left + each.width && y <= each.top + each.height);
  return { panel, point: panel && nearest(panel, x - panel.left, y - panel.top) };
}

// Rings the image that the inspector shows, for as long as it does.
function pin(chart) {
  const host = layer(chart, "linked-pin");
  host.replaceChildren();
  if (window.inspected !== null && window.inspected !== undefined) ring(chart, window.inspected, host, 16);
  if (!window.revealing || !host.childElementCount) return;
  window.revealing = false;
  chart.scrollIntoView({ block: "center" });
}

function layer(chart, name = "linked-hover") {
  const host = chart.querySelector(".svg-container");
  let found = host.querySelector(`:scope > .${name}`);
  if (!found) {
    found = Object.assign(document.createElement("div"), { className: name });
    found.style.cssText = "position:absolute;inset:0;pointer-events:none";
    host.append(found);
  }
  return found;
}
