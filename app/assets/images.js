// A card's chart as a file: as the page shows it, or anew at the width of a paper's columns, where its text measures 8 pt.
// Joined with samples.js into one module.
const PIXELS = 13; // of text that measures 8 pt in a paper

export default function ({ data, parentElement, setTriggerValue }) {
  const status = parentElement.querySelector("[role=status]");
  const say = (text) => { status.textContent = text; };
  const asked = (parentElement.asked ??= new Set());
  const made = data.made;
  if (made && asked.delete(made.id)) {
    say(made.error ?? "");
    if (made.pdf) save(new Blob([Uint8Array.from(atob(made.pdf), (letter) => letter.charCodeAt(0))]), `${data.name}.pdf`);
  }
  const give = async ({ format, cm }) => {
    const card = document.querySelector(`.st-key-card-${CSS.escape(data.key)}`);
    const chart = card?.querySelector(".js-plotly-plot");
    if (!chart) return;
    const name = `${data.name}${cm ? `-${cm}cm` : ""}`;
    if (format === "py") return save(new Blob([python(chart, data.name)]), `${name}.py`);
    const svg = await drawing(chart, ground(card), Number(cm));
    if (format === "svg") return save(new Blob([await withFont(svg)], { type: "image/svg+xml" }), `${name}.svg`);
    if (format === "png") return save(await painted(await withFont(svg), 3), `${name}.png`);
    const id = `${Date.now()}`;
    asked.add(id);
    say("Making the PDF …");
    setTriggerValue("paper", { id, svg, cm: Number(cm) });
  };
  for (const button of parentElement.querySelectorAll("[data-format]")) {
    button.onclick = () => give(button.dataset).catch((error) => say(`That did not work: ${error.message}`));
  }
}

// The first colour that is not see-through, from the card upwards.
function ground(element) {
  for (let at = element; at; at = at.parentElement) {
    const colour = getComputedStyle(at).backgroundColor;
    if (colour && colour !== "transparent" && !/, 0\)$/.test(colour)) return colour;
  }
  return "white";
}

// The chart as text of SVG. A linked chart lends its points and marks, which plotly does not draw itself.
async function drawing(chart, paper_bgcolor, cm) {
  const lent = new CustomEvent("lend", { detail: {} });
  if (!cm) chart.dispatchEvent(lent);
  const figure = structuredClone({ data: chart.data, layout: chart.layout });
  const { data, layout } = cm ? drawn(figure) : figure;
  const [width, height] = [cm ? (cm / 2.54) * 72 * (PIXELS / 8) : chart._fullLayout.width, chart._fullLayout.height];
  if (cm) for (const part of [data, layout]) even(part);
  const picture = { data, layout: { ...layout, paper_bgcolor, width, height, autosize: false } };
  const svg = await window.Plotly.toImage(picture, { format: "svg", width, height, imageDataOnly: true });
  if (!cm) return svg;
  return svg.replace(/ width="[\d.]+"/, ` width="${cm}cm"`).replace(/ height="[\d.]+"/, ` height="${((cm * height) / width).toFixed(3)}cm"`);
}

// Gives all text one size.
function even(part) {
  if (!part || typeof part !== "object" || ArrayBuffer.isView(part)) return;
  for (const [key, value] of Object.entries(part)) {
    if (/font$/.test(key) && typeof value?.size === "number") value.size = PIXELS;
    even(value);
  }
}

// The drawing with the page's font in it, so that it looks the same where that is not installed.
async function withFont(svg) {
  const rules = [...document.styleSheets].flatMap((sheet) => { try { return [...sheet.cssRules]; } catch { return []; } });
  const faces = rules.filter((rule) => rule instanceof CSSFontFaceRule && rule.style.fontFamily.includes("Source Sans"));
  const face = faces.find((rule) => rule.style.fontStyle !== "italic");
  const source = face?.style.src.match(/url\("?([^")]+)"?\)/)?.[1];
  if (!source) return svg;
  const file = await fetch(new URL(source, face.parentStyleSheet.href ?? location.href));
  const address = await new Promise((done) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    file.blob().then((blob) => reader.readAsDataURL(blob));
  });
  const style = `<style>@font-face { font-family: "Source Sans"; font-weight: 100 900; src: url("${address}"); }</style>`;
  return svg.replace(/<svg[^>]*>/, (tag) => tag + style);
}

async function painted(svg, scale) {
  const picture = new Image();
  picture.src = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  await picture.decode();
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: picture.width * scale, height: picture.height * scale });
  const context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0, 1, 1); // which starts the reading of the font
  await new Promise((done) => { setTimeout(done, 120); });
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(picture.src);
  return new Promise((done) => { canvas.toBlob(done); });
}

// A file of Python that draws the chart. JSON's text of a text is Python's, too.
function python(chart, name) {
  const plain = (key, value) => (key.startsWith("_") ? undefined : ArrayBuffer.isView(value) ? Array.from(value) : value);
  const json = JSON.stringify(drawn({ data: chart.data, layout: { ...chart.layout, width: undefined } }), plain);
  return [
    `# ${name}: pip install plotly; python ${name}.py`,
    `# ${location.href.replaceAll(/[\r\n]/g, "")}`,
    "import plotly.io",
    "",
    `figure = plotly.io.from_json(${JSON.stringify(json)}, skip_invalid=True)`,
    "figure.show()  # or figure.write_html, figure.update_layout, ...",
    "",
  ].join("\n");
}

function save(blob, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
