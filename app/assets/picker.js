export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".picker");
  const make = (tag, text, attributes) => {
    const node = document.createElement(tag);
    if (text) node.textContent = text;
    for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
    return node;
  };
  const act = (node, value) => { node.onclick = () => setTriggerValue("picked", value); return node; };
  const table = make("table", "", { role: "group", "aria-label": "Tickets" });
  const top = make("tr");
  top.append(make("td"));
  for (const level of data.levels) {
    const cell = make("th");
    cell.append(act(make("button", level.text, { class: "head", type: "button", title: level.title }), { level: level.value }));
    top.append(cell);
  }
  table.append(top);
  for (const row of data.rows) {
    const line = make("tr");
    const head = make("th");
    head.append(act(make("button", row.label, { class: "head left", type: "button", title: row.title }), { method: row.method }));
    line.append(head);
    for (const cell of row.cells) {
      const box = make("td");
      if (cell) {
        const button = make("button", "", { class: "dot", type: "button", title: cell.label,
          "aria-label": cell.label, "aria-pressed": String(cell.on) });
        button.style.setProperty("--colour", cell.color);
        button.append(make("span"));
        box.append(act(button, { key: cell.key }));
      }
      line.append(box);
    }
    table.append(line);
  }
  const focused = root.contains(parentElement.activeElement) ? parentElement.activeElement.getAttribute("aria-label") : null;
  root.replaceChildren(table);
  if (focused) { const again = root.querySelector(`[aria-label="${CSS.escape(focused)}"]`); if (again) again.focus(); }
}
