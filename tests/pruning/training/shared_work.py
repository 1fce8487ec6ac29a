"""What processes that train together do in these tests; they import it."""

import ipaddress
import os
import signal
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from pruning.data import load_data
from pruning.execution.together import Member
from pruning.masks import Masks
from pruning.training.config import Training
from pruning.training.loop import train
from pruning.training.shared import joined

CPU = torch.device("cpu")
CONFIG = Training(epochs=1, batch_size=287, lr=0.05, warmup_epochs=0, augment="crop", precision="float32")
"""1,437 images: 5 batches that two cannot share evenly, and one of 2, of which each sees both."""


def network(kind: str) -> tuple[nn.Module, Masks]:
    """A small network for digits, with or without batch normalisation, and masks of half of its weights."""
    torch.manual_seed(1)
    norm = nn.BatchNorm2d(6) if kind == "normalised" else nn.Identity()
    model = nn.Sequential(nn.Conv2d(1, 6, 3), norm, nn.ReLU(), nn.Flatten(), nn.Linear(216, 10))
    return model, {name: torch.rand(each.shape) < 0.5 for name, each in model.named_parameters() if each.ndim > 1}


def trained(kind: str, config: Training = CONFIG) -> tuple[dict[str, Tensor], tuple[float, float]]:
    """The network of a kind after its training, and what the training curve says of it."""
    model, masks = network(kind)
    end = train(model, load_data("digits"), config, 0, masks).history[-1]
    return {f"{kind}.{name}": value.clone() for name, value in model.state_dict().items()}, (
        end.loss,
        end.train_accuracy,
    )


def train_and_die(member: Member, place: str) -> None:
    """Train both networks, one of them twice, write what came of it; then the last one is killed in a training."""
    ours = CONFIG.but(devices=member.count)
    with joined(member, CPU, 0):
        plain, curve = trained("plain", ours)
        again, _ = trained("plain", ours)
        normalised, _ = trained("normalised", ours)
        found = plain | normalised | {f"again.{name}": value for name, value in again.items()}
        found["curve"] = torch.tensor(curve, dtype=torch.float64)
        save_file(found, Path(place) / f"{member.number}.safetensors")
        (Path(place) / f"{member.number}.txt").write_text("\n".join(addresses()))
        if member.number == member.count - 1:
            os.kill(os.getpid(), signal.SIGKILL)
        trained("plain", ours)


def addresses() -> list[str]:
    """The addresses of this process's own ends of its connections, and of what it listens at."""
    own = {os.readlink(each) for each in Path("/proc/self/fd").iterdir() if each.is_symlink()}
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/self/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if f"socket:[{words[9]}]" in own:
                packed = bytes.fromhex(words[1].partition(":")[0])
                turned = b"".join(packed[place : place + 4][::-1] for place in range(0, len(packed), 4))
                found.append(str(ipaddress.ip_address(turned)))
    return found
