"""Hyphens that stand for a minus, in what a page says and in its charts."""

from __future__ import annotations

from playwright.sync_api import Page

HYPHENS = r"""() => {
    const found = new Set(), left = 'style, script, code, pre, textarea, [data-testid=stDataFrame]';
    const walker = document.createTreeWalker(document.querySelector('[data-testid=stMain]'), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const text = walker.currentNode.textContent.trim();
        if (/(^|[^\p{L}\p{N}-])-[.\d]/u.test(text) && !walker.currentNode.parentElement?.closest(left)) found.add(text);
    }
    return [...found];
}"""


def hyphens(page: Page) -> list[str]:
    """The texts of the page in which a number follows a hyphen."""
    return list(page.evaluate(HYPHENS))
