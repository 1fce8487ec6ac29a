"""Texts of charts that are cut, shortened, or lie over one another, as the browser has them."""

from __future__ import annotations

from playwright.sync_api import Page

CUT = """() => {
    const found = new Set();
    for (const chart of document.querySelectorAll('[data-testid=stMain] .js-plotly-plot')) {
        const card = chart.closest('[class*="st-key-card-"]')?.className.match(/st-key-card-([\\\\w-]+)/)[1] ?? '';
        const whole = chart.querySelector('.main-svg').getBoundingClientRect();
        const seen = text => text.textContent.trim() && getComputedStyle(text).visibility === 'visible'
            && !text.closest('.hoverlayer, .modebar, .textpoint');
        const texts = [...chart.querySelectorAll('.main-svg text')].filter(seen)
            .map(text => [text.textContent, text.getBoundingClientRect(), text.getAttribute('transform') ?? ''])
            .filter(([, box]) => box.width && box.height);
        for (const [text, box] of texts) {
            const out = box.left < whole.left - 1 || box.right > whole.right + 1
                || box.top < whole.top - 1 || box.bottom > whole.bottom + 1;
            if (out || text.endsWith('…')) found.add(`${card}: ${text} is cut`);
        }
        for (const [place, [text, box, turned]] of texts.entries()) {
            for (const [other, next, also] of texts.slice(place + 1)) {
                // boxes of slanted texts say little
                if (/rotate\\\\((?!0)/.test(turned) && /rotate\\\\((?!0)/.test(also)) continue;
                const across = Math.min(box.right, next.right) - Math.max(box.left, next.left);
                const down = Math.min(box.bottom, next.bottom) - Math.max(box.top, next.top);
                if (across > 3 && down > 4) found.add(`${card}: ${text} | ${other}`);
            }
        }
    }
    return [...found];
}""".replace("\\\\", "\\")


def cut(page: Page) -> list[str]:
    """`card: text is cut`, or `card: text | other` of two that lie over one another."""
    return list(page.evaluate(CUT))
