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
  layer(chart).append(label(group, chart, point, panel));
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

// What is known of an image: its picture, what the chart's ticket makes of it, and what the others do.
function label(group, chart, { trace, i }, panel) {
  const { ink, ground: back, line, font } = colours(chart);
  const { classes, detail, ...rest } = trace.meta.hover;
  const own = numbers(rest.label)[i];
  const number = (text, axis, sign, digits) => `${sign && trace[axis][i] >= 0 ? "+" : ""}${trace[axis][i].toFixed(digits)}`;
  const lines = [
    `Image ${trace.customdata[i]} · ${trace.name}`,
    `true class ${classes[own]}, ${reading(trace, i)}`,
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
  const others = readings(group, trace, trace.customdata[i]);
  for (const [name, told, wrong] of others) {
    const part = Object.assign(document.createElement("span"), { textContent: `${name}: ${wrong ? "✗ " : ""}${told}` });
    part.style.cssText = "display:block;opacity:.8;font-size:12px";
    box.append(part);
  }
  const picture = thumbnail(trace.customdata[i]);
  if (picture) {
    box.style.paddingLeft = `${parseFloat(picture.style.width) + 16}px`;
    box.style.minHeight = `${parseFloat(picture.style.height) + 8}px`;
    box.prepend(picture);
  }
  const [x, y] = place(panel, trace, i);
  const [left, top] = [panel.left + x, panel.top + y];
  // on the side where there is room
  box.style[left > chart.clientWidth / 2 ? "right" : "left"] = `${(left > chart.clientWidth / 2 ? chart.clientWidth - left : left) + 12}px`;
  box.style.top = `${Math.max(0, Math.min(top - 28, chart.clientHeight - 75 - 18 * others.length))}px`;
  return box;
}

function reading({ meta: { hover } }, i) {
  return `predicted ${hover.classes[numbers(hover.prediction)[i]]} (${numbers(hover.percent)[i]} %)`;
}

// What the other tickets of the group make of a sample, each once: [ticket, what it predicts, whether that is wrong].
function readings(group, asked, sample) {
  const found = new Map([[asked.name, null]]);
  for (const chart of group.charts.keys()) {
    if (!chart.isConnected) continue;
    for (const { traces } of panels(chart)) {
      for (const trace of traces) {
        const i = found.has(trace.name) ? -1 : trace.customdata.indexOf(sample);
        if (i < 0) continue;
        const { label: own, prediction } = trace.meta.hover;
        found.set(trace.name, [trace.name, reading(trace, i), numbers(own)[i] !== numbers(prediction)[i]]);
      }
    }
  }
  return [...found.values()].filter(Boolean);
}

// The small picture of a sample from the sheet of all of them (thumbnails.js), enlarged.
function thumbnail(sample) {
  const sheet = window.thumbnails;
  if (!sheet) return null;
  const scale = Math.max(1, Math.round(60 / Math.max(sheet.width, sheet.height)));
  const [wide, high] = [scale * sheet.width, scale * sheet.height];
  const [x, y] = [(sample % sheet.columns) * wide, Math.floor(sample / sheet.columns) * high];
  const picture = document.createElement("span");
  picture.className = "thumbnail";
  picture.style.cssText = `position:absolute;left:6px;top:6px;width:${wide}px;height:${high}px;border-radius:3px;
    background:url("${sheet.picture}") -${x}px -${y}px / ${sheet.columns * wide}px auto;image-rendering:pixelated`;
  return picture;
}

function colours(chart) {
  const { hoverlabel: { bgcolor, bordercolor, font }, font: { color } } = chart._fullLayout;
  return { ink: font.color ?? color, ground: bgcolor, line: bordercolor, font: font.family };
}

// A click on a point, and no lasso, opens the inspector; whatever page there is hears of it.
function press(chart, { clientX, clientY, button, shiftKey, altKey, target, detail }) {
  clearTimeout(window.inspecting);
  if (button || shiftKey || altKey || detail > 1 || target.closest?.(".modebar")) return;
  let still = true; // a lasso may end where it began
  const moved = (event) => { still &&= Math.hypot(event.clientX - clientX, event.clientY - clientY) <= STILL; };
  window.addEventListener("mousemove", moved, true);
  window.addEventListener("mouseup", (event) => {
    window.removeEventListener("mousemove", moved, true);
    if (!still) return;
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
