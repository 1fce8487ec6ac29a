// A figure at the width of a paper's column: drawn, measured, and mended until its text is neither cut nor over other text.
const PIXELS = 13; // of text that measures 8 pt in a paper
const ONE_COLUMN = 8.5; // cm
const ROUNDS = 6;
const LINES = 3; // of a title at most
const LINE = 18; // pixels of one
const UNFIT = "Its text does not fit into one column (8.5 cm); take 17.5 cm.";

// The figure as text of SVG, `cm` wide, and what is to be said of it; or why there is none. `measured`: without the drawing.
async function atWidth({ data, layout, height }, cm, measured = false) {
  const width = (cm / 2.54) * 72 * (PIXELS / 8);
  const picture = { data, layout: { ...layout, width, height, autosize: false } };
  for (const part of [picture.data, picture.layout]) even(part);
  if (cm === ONE_COLUMN && layout.legend?.x >= 1) above(picture.layout, data);
  const { left, said } = await fit(picture);
  if (left.length && cm === ONE_COLUMN) return { unfit: UNFIT };
  if (measured) return { said };
  const tall = picture.layout.height;
  const svg = await window.Plotly.toImage(picture, { format: "svg", width, height: tall, imageDataOnly: true });
  const size = ` width="${cm}cm" height="${((cm * tall) / width).toFixed(3)}cm"`;
  return { svg: svg.replace(/ (width|height)="[\d.]+"/, "").replace(/ (width|height)="[\d.]+"/, size), said };
}

// Puts the legend over the plot, which beside a legend would have no width.
function above(layout, data) {
  layout.legend = { ...layout.legend, orientation: "h", x: 0, xanchor: "left", y: 1.02, yanchor: "bottom" };
  layout.height += LINE * Math.ceil(data.filter(({ name, showlegend }) => name && showlegend !== false).length / 2);
}

// Gives all text one size.
function even(part) {
  if (!part || typeof part !== "object" || ArrayBuffer.isView(part)) return;
  for (const [key, value] of Object.entries(part)) {
    if (/font$/.test(key) && typeof value?.size === "number") value.size = PIXELS;
    even(value);
  }
}

// Changes the layout, and texts on cells and bars, until nothing is amiss; gives what still is, and what was left out.
async function fit(picture) {
  const place = Object.assign(document.createElement("div"), { ariaHidden: "true" });
  place.style.cssText = "position: fixed; left: -10000px; top: 0; visibility: hidden";
  document.body.append(place);
  let said = "";
  try {
    for (let round = 0; ; round += 1) {
      const data = picture.data.filter(({ meta }) => meta?.kind !== "samples"); // whose points say nothing of texts
      await window.Plotly.newPlot(place, structuredClone(data), structuredClone(picture.layout), { staticPlot: true });
      const left = amiss(place);
      if (!left.length || round === ROUNDS) return { left, said };
      const without = numbers(picture, left);
      if (without) said = "Numbers that do not fit are left out.";
      if (!without && !mend(picture, left, place._fullLayout)) return { left, said };
    }
  } finally {
    window.Plotly.purge(place);
    place.remove();
  }
}

// Texts that are cut, { text, out: pixels at each side }; over others, { text }, or `firm`, as nothing can be done; or out
// of sight in a legend that has become too long, { text, hidden: pixels }.
function amiss(chart) {
  const whole = chart.querySelector(".main-svg").getBoundingClientRect();
  const shown = [...chart.querySelectorAll(".main-svg text")].filter((text) => text.textContent.trim());
  const texts = shown.map((text) => ({ text, box: text.getBoundingClientRect(), slanted: slanted(text), axis: axisOf(text) }));
  const seen = texts.filter(({ box }) => box.width && box.height);
  const found = new Map();
  const add = (text, what) => { found.set(text, { text, ...found.get(text), ...what }); };
  const strays = strayers(chart);
  for (const [at, { text, box, slanted: one, axis }] of seen.entries()) {
    const out = { l: whole.left - box.left, r: box.right - whole.right, t: whole.top - box.top, b: box.bottom - whole.bottom };
    const frame = text.closest(".legend")?.querySelector(".bg").getBoundingClientRect();
    if (frame && box.bottom > frame.bottom + 2) add(text, { hidden: box.bottom - frame.bottom });
    else if (Math.max(...Object.values(out)) > 1) add(text, { out });
    if (axis && strays(axis, box)) add(text, { firm: true });
    for (const { text: other, box: next, slanted: also, axis: its } of seen.slice(at + 1)) {
      if ((one && also) || !over(box, next)) continue; // boxes of slanted texts say little
      const firm = Boolean(axis?.tick && its?.tick);
      for (const each of [text, other]) add(each, { firm: firm || found.get(each)?.firm });
    }
  }
  return [...found.values()];
}

const over = (one, other) =>
  Math.min(one.right, other.right) - Math.max(one.left, other.left) > 3 && Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > 4;

// Whether the text of an axis lies over a panel that is not this axis's.
function strayers(chart) {
  const { left, top } = chart.querySelector(".main-svg").getBoundingClientRect();
  const areas = Object.values(chart._fullLayout._plots ?? {}).map(({ xaxis: x, yaxis: y }) => ({
    ids: [x._id, y._id], left: left + x._offset, right: left + x._offset + x._length, top: top + y._offset, bottom: top + y._offset + y._length,
  }));
  return ({ id }, box) => areas.some((area) => !area.ids.includes(id) && over(area, box));
}

// The axis whose title or tick a text is.
function axisOf(text) {
  const name = [text, text.parentElement].map((each) => each.getAttribute("class") ?? "").join(" ");
  const [, letter, number, what] = name.match(/\b([xy])(\d*)(tick|title)\b/) ?? [];
  return letter && { id: `${letter}${number}`, name: `${letter}axis${number}`, tick: what === "tick" };
}

const upright = (text) => /rotate\(-?90\b/.test(text.getAttribute("transform") ?? "");
const slanted = (text) => /rotate\((?!-?90\b|0\b)/.test(text.getAttribute("transform") ?? "");

// Takes the numbers from cells, bars and points where some are amiss: from all alike, so that none is missed.
function numbers({ data, layout }, left) {
  const over = (where) => left.some(({ text }) => text.closest(where));
  const [cells, bars, points] = [".heatmap-label", ".bartext", ".textpoint"].map(over);
  const names = (layout.annotations ?? []).filter((each) => !isNumberInCell(each));
  const without = names.length < (layout.annotations ?? []).length && left.some(({ text }) => isNumberInCell(named(text, layout)));
  if (without) layout.annotations = names;
  let count = Number(without);
  for (const trace of data) {
    const { type = "scatter", mode = "" } = trace;
    const look = (cells && /heatmap/.test(type) && trace.texttemplate && { texttemplate: "" })
      || (bars && type === "bar" && trace.textposition !== "none" && { textposition: "none" })
      || (points && /^scatter/.test(type) && /text/.test(mode) && [trace.text].flat().every(isNumber)
        && { mode: mode.split("+").filter((part) => part !== "text").join("+") || "none" });
    if (!look) continue;
    Object.assign(trace, look);
    count += 1;
  }
  return count > 0;
}

const isNumber = (text) => /^[\s\d.,%+−–()kM]*$/.test(String(text ?? "").replace(/<[^>]*>/g, " "));

const isNumberInCell = (each) =>
  each?.showarrow === false && !/domain|paper/.test(`${each.xref}${each.yref}`) && isNumber(each.text);

// The annotation that a text is.
function named(text, layout) {
  const at = text.closest(".annotation")?.dataset.index;
  return at === undefined ? undefined : layout.annotations?.[at];
}

// Breaks titles and names that are amiss into more lines, and makes room for what is cut above and below; tells whether it did.
function mend({ layout }, left, full) {
  if (left.some(({ firm }) => firm)) return false;
  const hidden = Math.max(0, ...left.map((each) => each.hidden ?? 0));
  if (hidden) {
    layout.height += 2 * hidden; // of which plotly gives a legend half
    return true;
  }
  let done = false;
  for (const { text, out } of left) {
    const owner = named(text, layout) ?? (axisOf(text)?.tick === false && layout[axisOf(text).name]?.title);
    const long = !out || Math.max(...(upright(text) ? [out.t, out.b] : [out.l, out.r])) > 1;
    const broken = owner && long && inLines(owner.text);
    if (broken && broken !== owner.text) [owner.text, done] = [broken, true];
  }
  if (done) return true;
  if (layout.legend?.y >= 1 && left.some(({ text, out }) => !out && text.closest(".legend"))) {
    layout.legend.y += LINE / full._size.h; // over names that stand where it does
    layout.height += LINE;
    return true;
  }
  for (const side of ["t", "b", "l", "r"]) {
    const most = Math.ceil(Math.max(0, ...left.map(({ out }) => out?.[side] ?? 0)));
    if (most < 2) continue;
    layout.margin = { ...full.margin, ...layout.margin, [side]: full._size[side] + most };
    if ("tb".includes(side)) layout.height += most;
    done = true;
  }
  return done;
}

// A text in one line more than it has, all about as long; a number stays with its unit.
function inLines(text) {
  const count = text.split(/<br\s*\/?>/).length + 1;
  const words = text.replace(/<br\s*\/?>/g, " ").match(/(?:<[^>]*>|[^\s<]| (?=[%°])|(?<=●<\/span>) )+/g) ?? [];
  if (count > LINES || words.length < count) return text;
  const long = (each) => each.replace(/<[^>]*>/g, "").length;
  const total = words.reduce((sum, word) => sum + long(word) + 1, 0);
  let [made, line, so] = ["", 0, 0];
  for (const [place, word] of words.entries()) {
    const next = place > 0 && line < count - 1 && so + long(word) / 2 > ((line + 1) * total) / count;
    made += place === 0 ? word : next ? `<br>${word}` : ` ${word}`;
    line += next;
    so += long(word) + 1;
  }
  return made;
}
