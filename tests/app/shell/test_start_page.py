"""The start page is drawn without the libraries, and the modules of other pages, that take seconds to import."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests import ROOT

DRAWN = """
import json, sys
from streamlit.testing.v1 import AppTest
test = AppTest.from_file("app/main.py", default_timeout=200).run()
print(json.dumps({"charts": len(test.get("plotly_chart")), "failed": len(test.error), "modules": sorted(sys.modules)}))
"""
SLOW = {
    "numba", "sklearn", "umap", "networkx", "torchvision", "scipy.stats", "scipy.optimize", "scipy.ndimage",
    "scipy.sparse", "scipy.cluster", "plotly.express", "torch._dynamo", "torch._inductor", "timm", "onnx",
}  # fmt: skip
ELSEWHERE = {
    "analysis.corruptions.compiled.hashing", "app.views.geometry.features",
    "app.views.robustness.ranking", "app.views.samples.contents", "app.inspector.inside", "app.selected.builder",
}  # fmt: skip


def test_it_imports_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    script = tmp_path / "drawn.py"
    script.write_text(DRAWN.replace("app/main.py", str(ROOT / "app" / "main.py")))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, script], cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=250
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["charts"] >= 2
    assert not found["failed"]
    assert (SLOW | ELSEWHERE) & set(found["modules"]) == set()
