"""The page of HTML says where its server is; all else goes through as it is."""

import asyncio
import gzip
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message

from app.shell import modules_ahead
from app.shell.first_page import SaysWhere

PAGE = "<!doctype html><html><head><title>é</title></head><body>" + "x" * 5000 + "</body></html>"


async def page(_: Request) -> Response:
    return HTMLResponse(PAGE, headers={"etag": "old", "x-frame-options": "DENY"})


async def missing(_: Request) -> Response:
    return HTMLResponse(PAGE, status_code=404)


async def numbers(_: Request) -> Response:
    return JSONResponse({"head": "<head>" * 500})


ROUTES = [Route("/geometry", page), Route("/missing", missing), Route("/numbers", numbers), Route("/x.html", page)]
APP = Starlette(routes=ROUTES, middleware=[Middleware(SaysWhere), Middleware(GZipMiddleware)])


async def asked(path: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    """The answer to a browser that takes what is packed."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"accept-encoding", b"gzip"), (b"host", b"localhost")]
    scope = {"type": "http", "method": method, "path": path, "headers": headers, "query_string": b"", "root_path": ""}
    await APP(scope, receive, send)
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], found, b"".join(message.get("body", b"") for message in sent[1:])


def answer(path: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    """Asked in a thread of its own: in a process whose tests have driven a browser, this one runs a loop already."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, asked(path, method)).result()


def test_a_page_is_told_and_is_otherwise_as_it_was() -> None:
    status, headers, body = answer("/geometry")
    text = body.decode()
    assert status == 200
    assert re.search(r"<head><script>window\.__streamlit = \{BACKEND_BASE_URL: .*\}</script><title>é</title>", text)
    assert re.sub(r"<script>.*</script>", "", text.replace(modules_ahead.links(PAGE), "")) == PAGE
    assert text.count(modules_ahead.links(PAGE) + "</head>") == 1
    assert (headers["content-length"], headers["x-frame-options"]) == (str(len(body)), "DENY")
    assert not {"etag", "content-encoding"} & headers.keys()


@pytest.mark.parametrize(("path", "status"), [("/missing", 404), ("/numbers", 200), ("/x.html", 200), ("/other", 404)])
def test_all_else_is_as_it_was(path: str, status: int) -> None:
    found, headers, body = answer(path)
    assert found == status
    body = gzip.decompress(body) if "content-encoding" in headers else body
    assert b"__streamlit" not in body
    assert "etag" in answer("/geometry", "HEAD")[1]
