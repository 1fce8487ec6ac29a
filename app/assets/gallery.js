// Pictures to choose from: a click or Enter tells the server which.
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".gallery");
  root.style.setProperty("--bad", data.bad);
  const make = (tag, text, attributes) => {
    const node = document.createElement(tag);
    if (text) node.textContent = text;
    for (const [name, value] of Object.entries(attributes ?? {})) node.setAttribute(name, value);
    return node;
  };
  const focused = parentElement.activeElement?.dataset.sample;
  root.replaceChildren(...data.items.map((item) => {
    const button = make("button", "", {
      type: "button", title: item.title, "aria-label": item.title, "data-sample": item.sample,
      "aria-pressed": String(item.sample === data.picked),
    });
    button.append(item.picture ? make("img", "", { src: item.picture, alt: "" }) : make("span", item.name, { class: "blank" }));
    const bar = make("span", "", { class: "bar" });
    bar.append(make("span", "", { style: `width:${100 * item.share}%` }));
    const text = make("span", "", { class: "text" });
    text.append(make("b", item.name), make("span", item.note));
    button.append(bar, text);
    button.onclick = () => {
      for (const other of root.children) other.setAttribute("aria-pressed", String(other === button));
      setTriggerValue("picked", item.sample);
    };
    return button;
  }));
  if (focused) root.querySelector(`[data-sample="${focused}"]`)?.focus();
}
