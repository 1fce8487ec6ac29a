export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".picker");
  const make = (tag, text, attributes) => {
    const node = document.createElement(tag);
    if (text) node.textContent = text;
    for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
    return node;
  };
  const act = (node, value) => { node.onclick = () => setTriggerValue("picked", value); return node; };
  const table = make("table", "", { role: "grid", "aria-label": "Tickets" });
  const top = make("tr", "", { role: "row" });
  top.append(make("td"));
  for (const level of data.levels) {
    const cell = make("th");
    cell.append(act(make("button", level.text, { class: "head", type: "button", title: level.title }), { level: level.value }));
    top.append(cell);
  }
  table.append(top);
  for (const row of data.rows) {
    const line = make("tr", "", { role: "row" });
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
  // One stop of the Tab key for the whole grid; the arrow keys go on from there.
  const places = [...table.rows].map((line) => [...line.cells].map((cell) => cell.querySelector("button")));
  const buttons = places.flat().filter(Boolean);
  const name = (button) => button.getAttribute("aria-label") || button.title;
  const stop = (button) => { for (const each of buttons) each.tabIndex = each === button ? 0 : -1; };
  const next = (row, column, down, right) => {
    for (;;) {
      row += down; column += right;
      if (row < 0 || row >= places.length || column < 0 || column >= places[0].length) return null;
      if (places[row][column]) return places[row][column];
    }
  };
  table.onkeydown = (event) => {
    const step = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] }[event.key];
    const button = event.target.closest("button");
    if (!step || !button) return;
    event.preventDefault();
    const row = places.findIndex((line) => line.includes(button));
    const found = next(row, places[row].indexOf(button), ...step);
    if (found) { stop(found); found.focus(); }
  };
  table.addEventListener("focusin", (event) => {
    const button = event.target.closest("button");
    if (button) { stop(button); root.dataset.stop = name(button); }
  });
  const active = root.getRootNode().activeElement;
  const focused = root.contains(active) ? name(active) : null;
  root.replaceChildren(table);
  stop(buttons.find((button) => name(button) === root.dataset.stop) || buttons[0]);
  const again = focused && buttons.find((button) => name(button) === focused);
  if (again) again.focus();
}
