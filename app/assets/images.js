// Plotly's own camera button does the work; it reads format and name from the chart's configuration when clicked. The
// card's background is laid under the chart for the moment of the picture, so that dark charts stay readable.
const ground = (element) => {
  // The first colour that is not see-through, from the card upwards.
  for (let at = element; at; at = at.parentElement) {
    const colour = getComputedStyle(at).backgroundColor;
    if (colour && colour !== "transparent" && !/, 0\)$/.test(colour)) return colour;
  }
  return "white";
};

export default function ({ data, parentElement }) {
  const save = (format) => {
    const card = document.querySelector(`.st-key-card-${CSS.escape(data.key)}`);
    const chart = card && card.querySelector(".js-plotly-plot");
    if (!chart) return;
    const paper = chart.layout.paper_bgcolor;
    chart._context.toImageButtonOptions = { format, filename: data.name, scale: format === "png" ? 3 : 1 };
    chart.layout.paper_bgcolor = ground(card);
    const camera = chart.querySelector('.modebar-btn[data-attr="toImage"], .modebar-btn[data-title*="ownload"]');
    if (camera) camera.click();
    setTimeout(() => { chart.layout.paper_bgcolor = paper; }, 2000);
  };
  for (const format of ["png", "svg"]) {
    const button = parentElement.querySelector(`[data-format="${format}"]`);
    if (button) button.onclick = () => save(format);
  }
}
