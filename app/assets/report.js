// Draws the charts of a report, each once it comes into sight, in the colours that the system asks for.
const unpacked = async (id) => {
  const text = document.getElementById(id).textContent;
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
};

const main = async () => {
  const [library, figures] = [await unpacked("plotly"), JSON.parse(await unpacked("charts"))];
  const script = document.createElement("script");
  script.textContent = library;
  document.head.append(script);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const seen = new Set();
  const draw = (place) => {
    const { figure, dark: changes } = figures[Number(place.dataset.chart)];
    const { data, layout } = drawn(dark.matches && !printing ? changed(figure, changes) : figure);
    seen.add(place);
    return Plotly.react(place, data, { ...layout, width: undefined, autosize: true }, {
      responsive: true, displaylogo: false, modeBarButtons: [["toImage"]], scrollZoom: false, typesetMath: false,
    });
  };
  let printing = false;
  const places = [...document.querySelectorAll("[data-chart]")];
  const watch = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      watch.unobserve(target);
      draw(target);
    }
  }, { rootMargin: "600px" });
  places.forEach((place) => watch.observe(place));
  dark.addEventListener("change", () => seen.forEach(draw));
  addEventListener("beforeprint", () => {
    printing = true;
    document.querySelectorAll("details.folded").forEach((folded) => { folded.open = true; });
    places.forEach(draw);
  });
  addEventListener("afterprint", () => { printing = false; seen.forEach(draw); });
};

main().catch((error) => {
  for (const place of document.querySelectorAll("[data-chart]")) {
    place.textContent = `The chart could not be drawn: ${error.message}. A browser of 2023 or later draws it.`;
  }
});
