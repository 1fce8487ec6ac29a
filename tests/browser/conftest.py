"""A real Chromium on the running app. Where there is no browser these tests are skipped, but fail when CI=true."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    FloatRect,
    Locator,
    Page,
    Request,
    expect,
    sync_playwright,
)

from tests import ROOT

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Nothing of the browser's own may call home, and software rendering behaves the same on every machine.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--process-per-site",  # tabs share what of the app's scripts is compiled, half of what a page costs
]
WAIT = 90_000  # milliseconds; a slow machine is no failure

expect.set_options(timeout=WAIT)

Open = Callable[..., Page]

STREAMLIT = (
    "import faulthandler, signal; faulthandler.register(signal.SIGUSR1); "
    "from streamlit.web.cli import main; main(prog_name='streamlit')"
)
"""`python -m streamlit`, which says where its threads are when it is asked."""

SERVERS: list[tuple[subprocess.Popen[bytes], Path]] = []
"""The running ones, each with its log."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder drives a browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


def chromium() -> str | None:
    """The browser to drive: $CHROMIUM, or one of the usual names."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A browser for all tests."""
    path = chromium()
    if path is None:
        reason = "no Chromium found: install Debian's chromium, or name one in the variable CHROMIUM"
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield started
        started.close()


def serve(study: Path, folder: Path, *more: Path) -> Iterator[str]:
    """The address of the app, serving a study, and `more` in its menu, on a free port of this machine until the
    generator is closed."""
    yield from run_streamlit(ROOT / "app" / "serving.py", folder, study, *more)


def run_streamlit(script: Path, folder: Path, *arguments: Path) -> Iterator[str]:
    """The address of a script that Streamlit runs, with its log in `folder`, until the generator is closed."""
    for url, _ in start_streamlit(script, folder, {}, *arguments):
        yield url


def start_streamlit(
    script: Path, folder: Path, environment: Mapping[str, str], *arguments: Path, where: Path = ROOT
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """As `run_streamlit`, with variables of the environment, in the folder `where`; the process comes along."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-c", STREAMLIT, "run", str(script), "--server.address=127.0.0.1"]
    command += [f"--server.port={port}", "--server.headless=true", "--browser.gatherUsageStats=false", "--"]
    command += map(str, arguments)
    with (folder / "streamlit.log").open("w") as log:
        # a script elsewhere than in app/ finds the packages, too
        paths = {**os.environ, **environment, "PYTHONPATH": str(ROOT)}
        server = subprocess.Popen(command, cwd=where, env=paths, stdout=log, stderr=subprocess.STDOUT)
        SERVERS.append((server, folder / "streamlit.log"))
        try:
            _wait_until_up(server, url, folder / "streamlit.log")
            yield url, server
        finally:
            SERVERS.remove((server, folder / "streamlit.log"))
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Function) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What fails in a browser says what the page was doing, and where the servers' threads were."""
    report = yield
    if report.when == "call" and report.failed and item.get_closest_marker("browser"):
        state = "document.querySelector('[data-testid=stApp]')?.getAttribute('data-test-script-state')"
        context = item.funcargs.get("profile")
        pages = context.pages if isinstance(context, BrowserContext) else []
        report.sections.append(("The pages", "\n".join(f"{page.url} {page.evaluate(state)}" for page in pages)))
        for server, log in SERVERS:
            server.send_signal(signal.SIGUSR1)
            time.sleep(0.5)
            report.sections.append(("The app's log", log.read_text(errors="replace")[-6000:]))
    return report


def _wait_until_up(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    end = time.monotonic() + WAIT / 1000
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"The app did not start:\n{log.read_text()[-2000:]}", pytrace=False)


@pytest.fixture(scope="session")
def twin(tiny_study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tiny study; whoever changes it puts it back as it was."""
    return Path(shutil.copytree(tiny_study, tmp_path_factory.mktemp("second") / "twin"))


@pytest.fixture(scope="session")
def app_url(browser: Browser, tiny_study: Path, twin: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the app showing the tiny study, and its twin to compare it with."""
    yield from serve(tiny_study, tmp_path_factory.mktemp("server"), twin)


FRESH = "if (window === window.top) { localStorage.clear(); sessionStorage.clear(); }"


@pytest.fixture(scope="session")
def profile(browser: Browser) -> Iterator[BrowserContext]:
    """What the browser keeps between pages: what it has loaded once, and nothing of what a page has stored."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_init_script(FRESH)
    kept = context.new_page()  # an empty page of this machine's, so that their process does not end with the last tab
    kept.route("**/*", lambda route: route.fulfill(body=""))
    kept.goto("http://127.0.0.1/")
    yield context
    context.close()


@pytest.fixture
def opened(profile: BrowserContext, app_url: str) -> Iterator[Open]:
    """Opens a path of the app in a tab of its own and waits until it is drawn: opened("masks?a=imp-90").

    After the test: no error in any console, and no request to another host than this machine.
    """
    tabs: list[Page] = []
    troubles: list[str] = []

    def open_(path: str = "") -> Page:
        page = profile.new_page()
        tabs.append(page)
        page.set_default_timeout(WAIT)
        page.on("console", lambda message: troubles.extend(_complaint(message)))
        page.on("pageerror", lambda error: troubles.append(f"error in the page: {error}"))
        page.on("request", lambda request: troubles.extend(_foreign(request)))
        page.goto(path if path.startswith("http") else f"{app_url}/{path}")
        settle(page)
        return page

    yield open_
    for page in tabs:
        page.close()
    assert not troubles


@pytest.fixture
def page(opened: Open) -> Page:
    """The app's first page, drawn."""
    return opened()


def settle(page: Page) -> None:
    """Wait until Streamlit has run the script and every chart is drawn."""
    page.wait_for_selector("[data-testid=stApp]")
    page.wait_for_selector("[data-testid=stSidebar]")
    idle = "document.querySelector('[data-testid=stApp]').getAttribute('data-test-script-state') === 'notRunning'"
    page.wait_for_timeout(150)
    page.wait_for_function(idle)
    page.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')")
    page.wait_for_function(
        "[...document.querySelectorAll('[data-testid=stPlotlyChart]')]"
        ".every(chart => chart.querySelector('.js-plotly-plot .main-svg'))"
    )


def at_rest(page: Page, place: Locator, mode: str | None = "lasso") -> FloatRect:
    """Where something in a chart lies once it neither moves nor is drawn anew: a section that opens, above it or round
    it, pushes it down for a while.

    Args:
        place: what is to be dragged over or clicked; plotly's layer for the pointer, or what lies below that layer.
        mode: what dragging does in this chart; None for a click.
    """
    last: tuple[object, ...] = ()
    for _ in range(100):
        place.scroll_into_view_if_needed()
        box = place.bounding_box()
        here = place.evaluate(
            """(place, mode) => {
                const {left, top, width, height} = place.getBoundingClientRect();
                const hit = document.elementFromPoint(left + width / 2, top + height / 2);
                const chart = place.closest('.js-plotly-plot');
                place.seen ??= Math.random();
                const there = place.matches('.nsewdrag') ? hit === place : chart.contains(hit);
                const ready = there && (mode === null || chart._fullLayout.dragmode === mode);
                return ready ? [place.seen, left, top, width, height] : [];
            }""",
            mode,
        )
        if box is not None and here and tuple(here) == last:
            return box
        last = tuple(here)
        page.wait_for_timeout(150)
    raise AssertionError("The place does not come to rest under the pointer.")


def _complaint(message: ConsoleMessage) -> list[str]:
    # On a deep link Streamlit looks for its own address below that path first, and takes the 404 as an answer.
    search = "404" in message.text and "_stcore" in message.location.get("url", "")
    return [f"console: {message.text}"] if message.type == "error" and not search else []


def _foreign(request: Request) -> list[str]:
    address = urlsplit(request.url)
    local = address.hostname == "127.0.0.1" or address.scheme in ("data", "blob")
    return [] if local else [f"request to {request.url}"]
