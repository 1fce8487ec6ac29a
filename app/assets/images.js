// Plotly's own camera button does the work; it reads format and name from the chart's configuration when clicked. The
// card's background is laid under the chart for the moment of the picture, so that dark charts stay readable.
export default function ({ data, parentElement }) {
  const save = (format) => {
    const card = document.querySelector(`.st-key-card-${CSS.escape(data.key)}`);
    const chart = card && card.querySelector(".js-plotly-plot");
    if (!chart) return;
    const paper = chart._fullLayout.paper_bgcolor;
    chart._context.toImageButtonOptions = { format, filename: data.name, scale: format === "png" ? 3 : 1 };
    chart._fullLayout.paper_bgcolor = getComputedStyle(card).backgroundColor;
    const camera = chart.querySelector('.modebar-btn[data-attr="toImage"], .modebar-btn[data-title*="ownload"]');
    if (camera) camera.click();
    setTimeout(() => { chart._fullLayout.paper_bgcolor = paper; }, 2000);
  };
  for (const format of ["png", "svg"]) {
    const button = parentElement.querySelector(`[data-format="${format}"]`);
    if (button) button.onclick = () => save(format);
  }
}
