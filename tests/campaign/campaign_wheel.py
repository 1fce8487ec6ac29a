"""What `pip wheel .` makes, installed into a folder, finds, measures and draws a study elsewhere, and runs the docs."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests import ROOT
from tests.campaign.studies import QUICK, asked
from tests.campaign.tally import FAILED, OUTSIDE, Tally

SHARE = 0.0
WHERE = "import pruning, analysis, app, sys; print(*(each.__file__ for each in (pruning, analysis, app)))"
DOCUMENTS = ("README.md", "docs/recipes.md", "docs/compare_three_ways.ipynb")
SNIPPETS = ROOT / "tests" / "docs" / "snippets.py"
PAGE = """
import sys
from streamlit.testing.v1 import AppTest
import app
from pathlib import Path
test = AppTest.from_file(str(Path(app.__file__).parent / "main.py"), default_timeout=120).run()
assert not test.exception, test.exception
"""


def run(count: int, seed: int, tally: Tally) -> None:
    """Once, however often it is asked for: nothing in it is drawn."""
    with tempfile.TemporaryDirectory() as place:
        own, elsewhere, installed = (Path(place) / name for name in ("source", "elsewhere", "installed"))
        elsewhere.mkdir()
        _source(own)
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
        wheel = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", place, str(own)]
        if not _does(tally, [*pip, *wheel], elsewhere, {}):
            return
        [built] = Path(place).glob("*.whl")
        _does(tally, [*pip, "install", "--no-deps", "--target", str(installed), str(built)], elsewhere, {})
        path = {"PYTHONPATH": str(installed)}
        said = _does(tally, [sys.executable, "-c", WHERE], elsewhere, path)
        if any(not word.startswith(str(installed)) for word in said.split()):
            tally.count(OUTSIDE, f"the packages come from elsewhere: {said}")
        study, only = str(asked(elsewhere / "tiny")), [word for table in QUICK for word in ("--only", table)]
        for words in (["pruning", "run", study], ["analysis", "run", study, *only], ["analysis", "list", study]):
            _does(tally, [sys.executable, "-m", *words], elsewhere, path)
        _does(tally, [sys.executable, "-c", PAGE], elsewhere, path)
        for document in DOCUMENTS:
            _does(tally, [sys.executable, str(SNIPPETS), str(ROOT / document)], elsewhere, path)


def _source(own: Path) -> None:
    """What git has of the working tree: building leaves files beside it."""
    own.mkdir()
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    packed = subprocess.run(["tar", "-c", "--null", "-T", "-"], cwd=ROOT, input=listed, capture_output=True, check=True)
    subprocess.run(["tar", "-x"], cwd=own, input=packed.stdout, check=True)


def _does(tally: Tally, words: list[str], folder: Path, environment: dict[str, str]) -> str:
    """What a command prints; where it ends otherwise than well, that is a fault."""
    tally.tried += 1
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(words, cwd=folder, env={**clean, **environment}, capture_output=True, text=True)
    if done.returncode:
        tally.count(FAILED, f"{' '.join(words[1:])}: {(done.stderr + done.stdout)[-300:]}")
        return ""
    return done.stdout or "done"
