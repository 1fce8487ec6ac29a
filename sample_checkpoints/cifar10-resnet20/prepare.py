"""Lays out the images that this study was trained and tested on.

    python sample_checkpoints/cifar10-resnet20/prepare.py cifar10-jpeg.tar.gz cifar10-head.tar data

The first archive holds all of CIFAR-10 as strongly compressed JPEG, the second the first images of each official batch
without loss; both unpack into train/CLASS and test/CLASS. What comes of it: `data/cifar10-jpeg` with the 50,000 JPEG
images to train on and the 1,017 lossless ones to test on, and `data/cifar10-jpeg-arrays` with the same 1,017 test
images as JPEG, which the study takes as one more condition. Beside this file, `pictures.json` says which of CIFAR-10's
official test images each one is.
"""

import io
import json
import sys
import tarfile
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).parent


def members(archive: Path) -> dict[str, bytes]:
    """The files of an archive by `part/class/name`."""
    with tarfile.open(archive) as tar:
        files = [(member, tar.extractfile(member)) for member in tar if member.isfile()]
        return {"/".join(Path(member.name).parts[-3:]): file.read() for member, file in files if file}


def prepare(jpeg: Path, lossless: Path, out: Path) -> None:
    """Write images, arrays and row numbers."""
    lossy, exact = members(jpeg), members(lossless)
    tested = sorted(name for name in exact if name.startswith("test/"))
    for name in [*(name for name in lossy if name.startswith("train/")), *tested]:
        target = out / "cifar10-jpeg" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(exact[name] if name in exact else lossy[name])
    arrays = out / "cifar10-jpeg-arrays"
    arrays.mkdir(parents=True, exist_ok=True)
    classes = sorted({name.split("/")[1] for name in tested})
    twins = [lossy[twin(name, tested)] for name in tested]
    np.save(arrays / "strong_jpeg.npy", np.stack([np.asarray(Image.open(io.BytesIO(file))) for file in twins]))
    np.save(arrays / "labels.npy", np.array([classes.index(name.split("/")[1]) for name in tested]))
    rows = [int(Path(name).stem) for name in tested]
    (HERE / "pictures.json").write_text(json.dumps(rows) + "\n")


def twin(name: str, tested: list[str]) -> str:
    """The JPEG file of a lossless test image: those of a class are numbered in the official order."""
    part, label, _ = name.split("/")
    number = [other for other in tested if other.split("/")[1] == label].index(name)
    return f"{part}/{label}/{number:04d}.jpg"


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    prepare(*map(Path, sys.argv[1:]))
