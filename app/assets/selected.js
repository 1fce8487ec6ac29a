// Tells the server that a chart has marked other images, once their chart has told it which.
export default function ({ setTriggerValue }) {
  window.selectedOff?.(); // of this component as it was before
  let timer;
  const again = () => {
    clearTimeout(timer);
    timer = setTimeout(() => setTriggerValue("heard", Date.now()), 250);
  };
  window.addEventListener("marked", again);
  window.selectedOff = () => window.removeEventListener("marked", again);
}
