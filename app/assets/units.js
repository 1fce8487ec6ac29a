// A number and its unit stay in one line: on the page, the space between them is one that does not break. Texts, files
// and commands keep their plain spaces. Joined with picker.js, which is on every page, and with a report's script.

const BEFORE_UNIT = / (?=[%°](?!\w))|(?<=\d) (?=(?:[kMGT]?B|ms|s|min|h|px)(?![\w-]))/g;
const AS_WRITTEN = "svg, code, pre, script, style, textarea, [contenteditable]";

function keepUnits(part) {
  const within = part.nodeType === Node.TEXT_NODE ? part.parentElement : part;
  if (!(within instanceof HTMLElement) || within.closest(AS_WRITTEN)) return;
  const texts = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
  for (let text = texts.currentNode; text; text = texts.nextNode()) {
    if (text.nodeType !== Node.TEXT_NODE || !text.nodeValue.includes(" ")) continue;
    const kept = text.nodeValue.replace(BEFORE_UNIT, "\u00a0");
    if (kept !== text.nodeValue && !text.parentElement?.closest(AS_WRITTEN)) text.nodeValue = kept;
  }
}

if (!window.unitsAreKept) {
  window.unitsAreKept = new MutationObserver((changes) => {
    for (const { type, target, addedNodes } of changes) (type === "characterData" ? [target] : addedNodes).forEach(keepUnits);
    window.unitsAreKept.takeRecords(); // of what was just changed here
  });
  window.unitsAreKept.observe(document.body, { childList: true, characterData: true, subtree: true });
  keepUnits(document.body);
}
