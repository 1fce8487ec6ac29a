"""The Python of a document, run as it stands with what its reader has: a network, a loader, images and labels.

python tests/docs/snippets.py FILE ...: run all of it, section by section, and say what was left out. The file needs
none of its neighbours, so that it tells what an environment can do in which the packages were installed.
"""

import json
import re
import sys
import traceback
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

OUTSIDE = frozenset({"torch_pruning", "timm", "robustbench", "autoattack", "transformers"})
"""Libraries that some code is for, and that nothing here needs."""


class Missing(Exception):
    """A library that the code is for is not installed."""


def sections_of(file: Path) -> dict[str, list[str]]:
    """The blocks of Python of a page by heading, or those of a notebook as one section."""
    text = file.read_text(encoding="utf-8")
    if file.suffix != ".ipynb":
        return sections(text)
    return {"": ["".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]}


def sections(page: str) -> dict[str, list[str]]:
    """The blocks of Python by the heading that they stand under, those without any left out."""
    parts = re.split(r"^## (.*)$", page, flags=re.MULTILINE)
    found = {heading: re.findall(r"^```python\n(.*?)^```$", text, re.S | re.M) for heading, text in _pairs(parts)}
    return {heading: blocks for heading, blocks in found.items() if blocks}


def _pairs(parts: list[str]) -> list[tuple[str, str]]:
    return list(zip(["", *parts[1::2]], parts[::2], strict=True))


def readers() -> dict[str, Any]:
    """What a reader has: a network of a kind that is not known here, a loader of what it takes, images and labels."""
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3, 2), nn.BatchNorm2d(8), nn.ReLU()]
    network = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(128, 10))
    images, labels = torch.randint(0, 256, (64, 3, 32, 32), dtype=torch.uint8), torch.arange(64) % 10
    loader = DataLoader(TensorDataset(images.float() / 255, labels), batch_size=16, shuffle=True)
    return {"network": network, "loader": loader, "images": images, "labels": labels, "torch": torch, "nn": nn}


def run(blocks: list[str], names: dict[str, Any], file: str) -> dict[str, Any]:
    """Run blocks one after another in one scope, and return it. Raises Missing, and what the code raises."""
    for block in blocks:
        try:
            exec(compile(block, f"<{file}>", "exec"), names)
        except ModuleNotFoundError as error:
            if error.name not in OUTSIDE:
                raise
            raise Missing(f"{error.name} is not installed") from None
    return names


def main(files: list[str]) -> int:
    """Run the files' sections, print a line for each; 1 where one fails."""
    failed = 0
    for file in files:
        for heading, blocks in sections_of(Path(file)).items():
            try:
                run(blocks, readers(), file)
                said = "runs"
            except Missing as missing:
                said = f"left out: {missing}"
            except Exception:
                failed += 1
                said = traceback.format_exc()
            print(f"{Path(file).name}, {heading}: {said}")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
