// The inspector's parts: what is clicked on, chosen or typed is told to the server as one request.
//
// The part that listens is on every page: a click on a point of any chart (linked.js) arrives as the event "inspect",
// and the image that is looked at is told to the charts, which ring it, as the event "inspected".
export default function ({ data, parentElement, setTriggerValue }) {
  const ask = (request) => setTriggerValue("asked", request);
  const root = parentElement.querySelector(".inspected");
  const focused = parentElement.activeElement?.dataset?.ask;
  root.innerHTML = data.html ?? "";
  root.onclick = ({ target }) => {
    const asking = target.closest("[data-ask]");
    if (!asking) return;
    window.revealing = asking.dataset.ask.includes('"map"'); // the ringed point, once its chart is there
    ask(JSON.parse(asking.dataset.ask));
  };
  root.onchange = ({ target }) => ask({ [target.name]: target.value });
  if (focused) root.querySelector(`[data-ask='${CSS.escape(focused)}']`)?.focus();
  if (!data.listens) return undefined;

  window.inspected = data.sample;
  window.dispatchEvent(new CustomEvent("inspected"));
  window.inspectorOff?.(); // of this component as it was before
  const wanted = ({ detail }) => ask({ sample: detail });
  const typed = (event) => {
    const request = { ArrowLeft: "previous", ArrowRight: "next", Escape: "close" }[event.key];
    if (!request || data.sample === null || event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
    if (document.querySelector("[role=dialog]")) return; // it lies over the inspector, and the keys are its own
    let at = document.activeElement;
    while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
    // What has a use of its own for these keys keeps them.
    if (at?.closest?.("input, textarea, select, [contenteditable], [role=slider], [role=radio], [role=radiogroup], [role=tab], [role=listbox], [role=grid], [data-baseweb=popover]")) return;
    event.preventDefault();
    ask({ act: request });
  };
  // Other images are selected: where this one stands among them is another matter.
  const marked = () => data.sample !== null && setTimeout(() => ask({ act: "again" }), 500);
  window.addEventListener("inspect", wanted);
  window.addEventListener("marked", marked);
  document.addEventListener("keydown", typed);
  window.inspectorOff = () => {
    window.removeEventListener("inspect", wanted);
    window.removeEventListener("marked", marked);
    document.removeEventListener("keydown", typed);
  };
  return undefined;
}
