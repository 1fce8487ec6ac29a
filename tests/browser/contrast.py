"""Text that reads badly against what lies behind it (WCAG 2, AA), as the browser has both; and charts without words."""

from __future__ import annotations

from playwright.sync_api import Page

LOW = """() => {
    const unread = new Set(); // colours of a form that is not known here: they would be passed over
    const parse = colour => {
        const [, form, inner] = colour.match(/^(rgba?|color)\\((?:srgb )?([^)]+)\\)$/) ?? [];
        if (!form) { unread.add(colour); return null; }
        const parts = inner.split(/[ ,/]+/).map(Number), scale = form === 'color' ? 255 : 1;
        return [scale * parts[0], scale * parts[1], scale * parts[2], parts.length > 3 ? parts[3] : 1];
    };
    const over = (top, below) => [0, 1, 2].map(at => top[3] * top[at] + (1 - top[3]) * below[at]).concat(1);
    const light = colour => [0.2126, 0.7152, 0.0722].reduce((sum, weight, at) => {
        const part = colour[at] / 255;
        return sum + weight * (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    }, 0);
    const behind = element => {
        const layers = [];
        for (let each = element; each; each = each.parentElement) {
            const colour = parse(getComputedStyle(each).backgroundColor);
            if (colour && colour[3] > 0) layers.push(colour);
            if (colour && colour[3] === 1) break;
        }
        const page = matchMedia('(prefers-color-scheme: dark)').matches ? [18, 24, 31, 1] : [255, 255, 255, 1];
        return layers.reverse().reduce((below, top) => over(top, below), page);
    };
    const found = new Map();
    const walker = document.createTreeWalker(document.querySelector('[data-testid=stApp]'), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const text = walker.currentNode.textContent.trim(), element = walker.currentNode.parentElement;
        const left = 'style, script, [disabled], [aria-disabled=true], [data-testid=stIconMaterial]';
        if (!text || !element || element.closest(left)) continue;
        // text in a cell or a bar stands on that, which is no ancestor of it; charts choose its ink by the cell
        if (element.closest('.bartext, .hoverlayer')) continue;
        if (element.closest('.main-svg')?.querySelector('.heatmaplayer image') && element.closest('.subplot')) continue;
        const style = getComputedStyle(element), box = element.getBoundingClientRect();
        if (!box.width || !box.height || style.visibility !== 'visible') continue;
        let opacity = 1;
        for (let each = element; each; each = each.parentElement) opacity *= Number(getComputedStyle(each).opacity);
        if (opacity < 0.05) continue;
        const ink = parse(element instanceof SVGElement ? style.fill : style.color);
        if (!ink) continue;
        const below = behind(element), drawn = over([ink[0], ink[1], ink[2], ink[3] * opacity], below);
        const [more, less] = [light(drawn), light(below)].sort((a, b) => b - a);
        const ratio = (more + 0.05) / (less + 0.05), size = parseFloat(style.fontSize);
        const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
        const graphic = /^[^\\p{L}\\p{N}]+$/u.test(text); // a mark in a ticket's colour
        if (ratio < (large || graphic ? 3 : 4.5)) {
            const colours = [drawn, below].map(colour => colour.slice(0, 3).map(Math.round)).join(' on ');
            found.set(`${ratio.toFixed(2)} ${style.fontSize} ${colours}`, text.slice(0, 40));
        }
    }
    for (const colour of unread) found.set(colour, 'is no colour that can be read');
    return [...found].map(([what, text]) => `${what}: ${text}`);
}"""
"""Ratio, size, colours and the first words of each text below 4.5, or below 3 where it is large."""

WORDLESS = """[...document.querySelectorAll('[data-testid=stPlotlyChart]')].filter(
    chart => chart.getAttribute('role') !== 'figure' || !(chart.getAttribute('aria-label') ?? '').trim()
).map(chart => chart.closest('[class*="st-key-"]').className.match(/st-key-([\\w-]+)/)[1])"""
"""Keys of charts that have no name for who does not see them."""


def low(page: Page) -> list[str]:
    """The texts of the page that read badly."""
    return list(page.evaluate(LOW))


def wordless(page: Page) -> list[str]:
    """The charts of the page without a text alternative."""
    return list(page.evaluate(WORDLESS))
