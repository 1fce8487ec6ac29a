// A chart has a name for who does not see it: the title of its card, and what is said below it; its table is in the
// card's download menu. Joined with picker.js, which is on every page.

function nameCharts() {
  for (const chart of document.querySelectorAll("[data-testid=stPlotlyChart]")) {
    const card = chart.closest('[class*="st-key-card-"]');
    if (!card) continue;
    const text = (part) => card.querySelector(part)?.textContent.trim() ?? "";
    const title = text(":scope summary") || text('[class*="st-key-head-"] [data-testid=stMarkdown]');
    const said = [...card.querySelectorAll("[data-testid=stCaptionContainer]")].map((each) => each.textContent.trim());
    const name = [title, ...said].filter(Boolean).map((each) => each.replace(/[.:]?$/, ".")).join(" ");
    if (!name || chart.getAttribute("aria-label") === name) continue;
    chart.setAttribute("role", "figure");
    chart.setAttribute("aria-label", name);
  }
}

if (!window.chartsAreNamed) {
  let waiting = 0;
  window.chartsAreNamed = new MutationObserver(() => {
    waiting ||= setTimeout(() => { waiting = 0; nameCharts(); }, 400);
  });
  window.chartsAreNamed.observe(document.body, { childList: true, subtree: true });
  nameCharts();
}
