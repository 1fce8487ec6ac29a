"""Streamlit's page, told where its server is and which of its modules the app needs.

It looks for the server below the path of the app's page first otherwise, in vain, and asks for a module late.
"""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.shell import modules_ahead

HEAD, END = b"<head>", b"</head>"
WHERE = b"<script>window.__streamlit = {BACKEND_BASE_URL: window.location.origin}</script>"
OLD = ("etag", "last-modified")
"""What a browser would know a page by that it has from elsewhere."""


class SaysWhere:
    """Middleware that adds to the page of HTML that every path of the app gives."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or scope["method"] != "GET" or "." in scope["path"].rpartition("/")[2]:
            await self.app(scope, receive, send)
            return
        plain = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        await self.app({**scope, "headers": plain}, receive, _Page(send))


class _Page:
    """Holds a page of HTML back until it is whole, and sends all else as it comes."""

    def __init__(self, send: Send) -> None:
        self.send, self.body = send, b""
        self.start: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_page(message):
            self.start = message
        elif self.start is None:
            await self.send(message)
        else:
            self.body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._send_page(self.start)

    async def _send_page(self, start: Message) -> None:
        ahead = modules_ahead.links(self.body.decode()).encode()
        page = self.body.replace(HEAD, HEAD + WHERE, 1).replace(END, ahead + END, 1)
        headers = MutableHeaders(raw=list(start["headers"]))
        for name in OLD:
            del headers[name]
        headers["content-length"] = str(len(page))
        await self.send({**start, "headers": headers.raw})
        await self.send({"type": "http.response.body", "body": page})


def _is_page(start: Message) -> bool:
    headers = MutableHeaders(raw=list(start["headers"]))
    return bool(start["status"] == 200 and headers.get("content-type", "").startswith("text/html"))
