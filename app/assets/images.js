// A card's chart as a file: as the page shows it, or anew for a paper, in light colours and at the width of its columns.
// Joined with samples.js and fitting.js into one module.
const WHITE = "#ffffff";

export default function ({ data, parentElement, setTriggerValue }) {
  const status = parentElement.querySelector("[role=status]");
  const say = (text) => { status.textContent = text; };
  const asked = (parentElement.asked ??= new Map());
  const { made } = data;
  asked.get(made?.id)?.(made);
  asked.delete(made?.id);
  const ask = (what) => new Promise((answered) => {
    const id = `${Date.now()} ${asked.size}`;
    asked.set(id, answered);
    setTriggerValue("paper", { id, ...what });
  });
  const find = () => {
    const card = document.querySelector(`.st-key-card-${CSS.escape(data.key)}`);
    return { card, chart: card?.querySelector(".js-plotly-plot") };
  };
  const give = async ({ format, cm }) => {
    const { card, chart } = find();
    if (!chart) return;
    const name = `${data.name}${cm ? `-${cm}cm` : ""}`;
    if (!cm && format !== "py") {
      const svg = await withFont(await asShown(chart, ground(card)));
      return save(format === "svg" ? new Blob([svg], { type: "image/svg+xml" }) : await painted(svg, 3), `${name}.${format}`);
    }
    const light = data.dark ? (await ask({ light: true })).changes : [];
    const figure = forPaper(chart, light);
    if (format === "py") return save(new Blob([python(figure, data.name)]), `${name}.py`);
    const { svg, unfit, said } = await atWidth(figure, Number(cm));
    say(unfit ?? said);
    if (unfit) return offer(unfit);
    if (format === "svg") return save(new Blob([await withFont(svg)], { type: "image/svg+xml" }), `${name}.svg`);
    say("Making the PDF …");
    const { pdf, error } = await ask({ svg, cm: Number(cm) });
    say(error ?? said);
    if (pdf) save(new Blob([Uint8Array.from(atob(pdf), (letter) => letter.charCodeAt(0))]), `${name}.pdf`);
  };
  // One column is offered where the text fits into it.
  const offer = (why) => {
    for (const button of parentElement.querySelectorAll(`[data-cm="${ONE_COLUMN}"]`)) {
      button.meant ??= button.title;
      Object.assign(button, { disabled: Boolean(why), title: why ?? button.meant });
    }
  };
  const measure = async () => {
    const { chart } = find();
    if (!chart?.data || parentElement.measured === chart.data || !parentElement.querySelector("button").getClientRects().length) return;
    parentElement.measured = chart.data;
    offer((await atWidth(forPaper(chart, []), ONE_COLUMN, true)).unfit);
  };
  setTimeout(() => measure().catch(() => {}), 50);
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

// The chart as text of SVG, as the page shows it. A linked chart lends its points and marks, which plotly does not draw itself.
async function asShown(chart, paper_bgcolor) {
  chart.dispatchEvent(new CustomEvent("lend"));
  const { width, height } = chart._fullLayout;
  const { data, layout } = structuredClone({ data: chart.data, layout: chart.layout });
  const picture = { data, layout: { ...layout, paper_bgcolor, width, height, autosize: false } };
  return window.Plotly.toImage(picture, { format: "svg", width, height, imageDataOnly: true });
}

// The figure that plotly alone draws as the page shows it, on white; `light` is what makes its colours light.
function forPaper(chart, light) {
  const marked = {};
  chart.dispatchEvent(new CustomEvent("marks", { detail: marked }));
  const figure = changed({ data: chart.data, layout: chart.layout }, light);
  const images = figure.layout.images?.filter(({ name }) => name !== "linked points"); // lent to a picture a moment ago
  const layout = { ...figure.layout, ...(images && { images }), paper_bgcolor: WHITE, width: undefined };
  return { ...drawn({ data: figure.data, layout }, marked.bits && marked), height: chart._fullLayout.height };
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

// A file of Python that draws the figure. JSON's text of a text is Python's, too.
function python({ data, layout }, name) {
  const plain = (key, value) => (key.startsWith("_") ? undefined : ArrayBuffer.isView(value) ? Array.from(value) : value);
  const json = JSON.stringify({ data, layout }, plain);
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
