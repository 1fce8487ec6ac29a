// Tells the server that a chart has marked other images, once their chart has told it which.
export default function ({ setTriggerValue }) {
  window.selectedOff?.(); // of this component as it was before
  let timer;
  let left = 0; // until when nothing is told, as another page was asked for
  const again = () => {
    clearTimeout(timer);
    if (Date.now() > left) timer = setTimeout(() => setTriggerValue("heard", Date.now()), 250);
  };
  // What the page that is left still tells would come as from that page, and Streamlit would empty the new one for it.
  const leaving = (event) => {
    if (!event.target.closest?.("a[href]")) return;
    clearTimeout(timer);
    left = Date.now() + 3000;
  };
  window.addEventListener("marked", again);
  document.addEventListener("click", leaving, true);
  window.selectedOff = () => {
    window.removeEventListener("marked", again);
    document.removeEventListener("click", leaving, true);
  };
}
