"""Networks from a file of the user's own: how the factory is called, and what is said when it is at fault."""

import importlib
import py_compile
import random
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from pruning.errors import UserError
from pruning.models import build_model, user_file
from pruning.models.code_digest import digest_of_code

GOOD = """
import random
import numpy as np
import torch
from torch import nn
from beside import HIDDEN

class Net(nn.Module):
    def __init__(self, num_classes, shape=(1, 4, 4)):
        super().__init__()
        self.body = nn.Linear(shape[0] * shape[1] * shape[2], HIDDEN)
        self.head = nn.Linear(HIDDEN, num_classes)
        nn.init.constant_(self.head.bias, random.random() + np.random.rand())
    def forward(self, x):
        return self.head(self.body(x.flatten(1)).relu())

def both(num_classes, shape): return Net(num_classes, shape)
def swapped(*, shape, num_classes): return Net(num_classes, shape)
def positional(k, size, /): return Net(k, size)
def mixed(size, num_classes=3): return Net(num_classes, size)
def other(classes, image): return Net(classes, image)
def nothing(): return Net(5, (2, 3, 3))
def loose(num_classes, width=3, **rest): return Net(num_classes, (2, 3, 3)) if not rest else None
"""
FACTORIES = ("Net", "both", "swapped", "positional", "mixed", "other", "nothing", "loose")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A file of the user's with a module beside it."""
    (tmp_path / "beside.py").write_text("HIDDEN = 6\n")
    (tmp_path / "own.py").write_text(GOOD)
    return tmp_path / "own.py"


def numpy_state() -> str:
    """That of the global generator, which a user's code may draw from."""
    state = np.random.get_state(legacy=False)["state"]  # noqa: NPY002
    return f"{state['key'].tolist()} {state['pos']}"


@pytest.mark.parametrize("factory", FACTORIES)
def test_a_factory_is_called_with_what_it_takes(own: Path, factory: str) -> None:
    x = torch.rand(3, 2, 3, 3)
    states = torch.get_rng_state(), random.getstate(), numpy_state()
    model = build_model(f"{own}:{factory}", 5, (2, 3, 3), 4)
    again, other = (build_model(f"{own}:{factory}", 5, (2, 3, 3), seed) for seed in (4, 5))
    assert model.training
    assert model(x).shape == (3, 5)
    for key, value in model.state_dict().items():
        assert torch.equal(value, again.state_dict()[key])
        assert not torch.equal(value, other.state_dict()[key])
    assert torch.equal(torch.get_rng_state(), states[0])
    assert random.getstate() == states[1]
    assert numpy_state() == states[2]


def test_the_users_folder_is_left_alone_and_not_mixed_up_with_another(own: Path, tmp_path: Path) -> None:
    path = list(sys.path)
    build_model(f"{own}:Net", 5, (1, 4, 4), 0)
    assert sys.path == path
    assert "beside" not in sys.modules
    assert not (tmp_path / "__pycache__").exists()
    second = tmp_path / "second"
    second.mkdir()
    (second / "beside.py").write_text("HIDDEN = 9\n")
    (second / "own.py").write_text(GOOD)
    assert build_model(f"{second}/own.py:Net", 5, (1, 4, 4), 0).get_submodule("body").out_features == 9
    (tmp_path / "beside.py").write_text("HIDDEN = 7\n")
    assert build_model(f"{own}:Net", 5, (1, 4, 4), 0).get_submodule("body").out_features == 7


@pytest.mark.parametrize("place", ["beside.py", "beside/__init__.py", "beside/inner/__init__.py"])
@pytest.mark.parametrize("way", ["named", "by a link", "imported before", "by the factory"])
def test_what_python_keeps_of_sources_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, way: str
) -> None:
    """An entry of `__pycache__` may hold other code than the source of its size and time."""
    folder, called = tmp_path / "own", tmp_path / "own"
    source = folder / place
    source.parent.mkdir(parents=True)
    name = place.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    code = ["from torch import nn", "def make(k, shape):", "    return nn.Linear(3, HIDDEN)"]
    code.insert(
        *((2, f"    from {name} import HIDDEN") if way == "by the factory" else (0, f"from {name} import HIDDEN"))
    )
    (folder / "own.py").write_text("\n".join(code))
    source.write_text("HIDDEN = 9\n")
    kept = Path(py_compile.compile(str(source)) or "")
    source.write_text("HIDDEN = 6\n")
    kept.write_bytes(kept.read_bytes()[:8] + int(source.stat().st_mtime).to_bytes(4, "little") + kept.read_bytes()[12:])
    if way == "by a link":
        called = tmp_path / "link"
        called.symlink_to(folder)
    elif way != "named":  # both of what lies in the working folder
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "path", ["", *sys.path])
        assert importlib.import_module(name).HIDDEN == 9  # as Python does
        _forget("beside")
    made = user_file.build_from_file(f"{called}/own.py:make", 3, (1, 2, 2))
    _forget("beside")
    assert made.get_parameter("weight").shape == (6, 3)


def _forget(package: str) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]


def test_packages_without_a_file_are_not_mixed_up(tmp_path: Path) -> None:
    """`parts/size.py` of one folder, `parts/__init__.py` of another."""
    for hidden, name in ((6, "size"), (9, "__init__")):
        folder = tmp_path / name
        (folder / "parts").mkdir(parents=True)
        (folder / "parts" / f"{name}.py").write_text(f"HIDDEN = {hidden}\n")
        module = "parts.size" if name == "size" else "parts"
        (folder / "own.py").write_text(
            f"from {module} import HIDDEN\nfrom torch import nn\ndef make(k, shape): return nn.Linear(3, HIDDEN)\n"
        )
        made = user_file.build_from_file(f"{folder}/own.py:make", 3, (1, 2, 2))
        assert made.get_parameter("weight").shape == (hidden, 3)
        assert "parts" not in sys.modules


@pytest.mark.parametrize(
    ("text", "name", "hint"),
    [
        (None, "own.py:net", "cannot be read"),
        ("", "own.py", "names no function"),
        ("", "own.py:", "names no function"),
        ("", "own.py:a-b", "names no function"),
        ("def nets(): pass", "own.py:net", "did you mean 'nets'?"),
        ("net = 3", "own.py:net", "no function 'net'"),
        ("def net(:\n", "own.py:net", "line 1 is not valid Python"),
        ("\0", "own.py:net", "is not valid Python"),
        (
            "import not_to_be_found",
            "own.py:net",
            "ModuleNotFoundError: No module named 'not_to_be_found' (line 1)",
        ),
        ("raise SystemExit(3)", "own.py:net", "SystemExit: 3"),
        ("def net():\n    return 1 / 0", "own.py:net", "ZeroDivisionError: division by zero (line 2)"),
        ("def net(): return 3", "own.py:net", "gives a int, not a torch.nn.Module"),
        ("def net(a, b, c): return 3", "own.py:net", "needs the argument 'c'"),
        ("def net(*, a): return 3", "own.py:net", "needs the argument 'a'"),
        (
            "def net(): return nn.Linear(3, 3)",
            "own.py:net",
            "cannot read images of 1x4x4: RuntimeError",
        ),
        ("def net(): return nn.Flatten()", "own.py:net", "gives [2, 16] for 2 images"),
        ("def net(): return nn.LSTM(4, 5)", "own.py:net", "1x4x4"),
        (
            "def net(): return nn.Sequential(nn.Flatten(), nn.Linear(16, 4))",
            "own.py:net",
            "[2, 4]",
        ),
    ],
)
def test_what_is_wrong_with_the_users_file_is_one_sentence(
    tmp_path: Path, text: str | None, name: str, hint: str
) -> None:
    if text is not None:
        (tmp_path / "own.py").write_text(text.replace("nn.", "__import__('torch').nn."))
    with pytest.raises(UserError, match=re.escape(hint)) as caught:
        build_model(f"{tmp_path}/{name}", 5, (1, 4, 4), 0)
    assert "\n" not in str(caught.value)


def test_where_the_environment_names_what_is_allowed_nothing_else_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, allowed = tmp_path / "net.py", tmp_path / "allowed.txt"
    file.write_text(
        "import pathlib\nfrom torch import nn\npathlib.Path(__file__).with_name('ran').touch()\n"
        "def make(num_classes):\n    return nn.Sequential(nn.Flatten(), nn.Linear(4, num_classes))\n"
    )
    monkeypatch.setenv(user_file.ALLOWED, str(allowed))
    for digests in (None, "", "0" * 64):
        if digests is not None:
            allowed.write_text(digests)
        with pytest.raises(UserError, match="nobody has allowed to run"):
            user_file.build_from_file(f"{file}:make", 3, (1, 2, 2))
    assert not (tmp_path / "ran").exists()
    allowed.write_text(f"{'0' * 64}\n{digest_of_code(file)}\n")
    assert user_file.build_from_file(f"{file}:make", 3, (1, 2, 2)) is not None
    file.write_text(file.read_text() + "# changed\n")
    with pytest.raises(UserError, match="as it is now"):
        user_file.build_from_file(f"{file}:make", 3, (1, 2, 2))
