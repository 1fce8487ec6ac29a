// A figure in which plotly itself draws the images of linked charts, which on a page `points.js` draws.
const drawn = (figure) => ({
  ...figure,
  data: figure.data.map((trace) => {
    if (trace.meta?.kind !== "samples") return trace;
    const { palette } = trace.meta;
    const last = Math.max(palette.length - 1, 1);
    const colorscale = [...palette, palette.at(-1)].slice(0, last + 1).map((colour, place) => [place / last, colour]);
    const marker = { ...trace.marker, colorscale, cmin: 0, cmax: last, showscale: false };
    return { ...trace, type: "scatter", visible: true, showlegend: false, hoverinfo: "skip", marker };
  }),
});
