"""Several devices that share each batch of a training: what one of them does of it, and what they tell one another.

Each device has a process, and all of them do the same steps on the same weights. Of a batch, which is drawn as for one
device, each sees its part; gradients are added up, weighted by the images seen, so that they are those of the whole
batch, and every process then masks them and steps by itself. Batch normalisation takes mean and variance over the
whole batch, as on one device. Sums are in another order than on one device, so that the last digits differ: how many
devices there are is part of the recipe. Processes meet by a file, and talk over this machine's loopback alone.
"""

import os
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any, cast

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from pruning.errors import UserError
from pruning.execution.together import Member, lost
from pruning.masks import Masks
from pruning.training.seeds import derived_seed

BUCKET = 2**23
"""Numbers that are added up at once: 32 MB of float32."""


class Group:
    """This process among those that train together.

    Attributes:
        number: from 0 on. count: how many there are.
    """

    def __init__(self, number: int, count: int) -> None:
        self.number, self.count = number, count

    def part(self, rows: Tensor) -> Tensor:
        """Those of a batch's rows that this device sees; all where there are too few for two on each."""
        return rows.tensor_split(self.count)[self.number] if self.splits(len(rows)) else rows

    def splits(self, images: int) -> bool:
        """Whether a batch of so many images is shared out. One that is not counts once all the same."""
        return images >= 2 * self.count

    def share(self, images: int) -> float:
        """The weight of this device in the mean over a batch of so many images."""
        own = len(torch.arange(images).tensor_split(self.count)[self.number])
        return own / images if self.splits(images) else 1 / self.count

    def add_up(self, tensors: Iterable[Tensor]) -> None:
        """Replace each tensor by its sum over the devices, which all get to the bit."""
        for bucket in _buckets(list(tensors)):
            flat = torch.cat([each.reshape(-1) for each in bucket])
            with _together(self.count):
                dist.all_reduce(flat)
            for each, part in zip(bucket, flat.split([each.numel() for each in bucket]), strict=True):
                each.copy_(part.view(each.shape))

    def as_the_first(self, tensors: Iterable[Tensor]) -> None:
        """Replace each tensor by that of the first device."""
        for each in tensors:
            held = each.detach().contiguous()
            with _together(self.count):
                dist.broadcast(held.view(torch.uint8) if held.dtype == torch.bool else held, 0)
            each.detach().copy_(held)

    def gathered(self, tensor: Tensor) -> Tensor:
        """A tensor of every device, one behind the other, through which gradients come back."""
        found: Tensor = cast(Any, _Gathered).apply(tensor, self)
        return found

    def same_masks(self, masks: Masks) -> Masks:
        """The masks of the first device: scores of another one may differ in their last digits."""
        held = {name: mask.clone() for name, mask in masks.items()}
        self.as_the_first(held.values())
        return held

    @contextmanager
    def normalised(self, images: int) -> Iterator[None]:
        """Let batch normalisation see all parts of a batch of so many images."""
        with _WholeBatch(self) if self.splits(images) else nullcontext():
            yield


_group: ContextVar[Group | None] = ContextVar("group", default=None)


def is_member() -> bool:
    """Whether this process is one of several that train together."""
    return _group.get() is not None


def group_of(devices: int | None) -> Group | None:
    """The group for a training on so many devices; None where it is for one.

    Raises:
        UserError: this process is in no such group.
    """
    if devices is None:
        return None
    group = _group.get()
    if group is None or group.count != devices:
        raise UserError(
            f"`devices = {devices}` of a training is for recipes, of a study or of `find_ticket`; leave it out here."
        )
    return group


@contextmanager
def joined(member: Member, device: torch.device, seed: int) -> Iterator[torch.device]:
    """Be one of the processes that train together, on the device that is given: the member's own.

    Torch's own generator is another on each, and the same every time; each iteration of a training has its own start.
    """
    loopback = next((name for _, name in socket.if_nameindex() if name.startswith("lo")), "lo")
    os.environ.update({"GLOO_SOCKET_IFNAME": loopback, "NCCL_SOCKET_IFNAME": loopback})
    own = device
    if device.type == "cuda":
        own = torch.device("cuda", member.number)
        torch.cuda.set_device(own)
    store = dist.FileStore(member.meeting, member.count)
    with _together(member.count):
        backend = "nccl" if device.type == "cuda" else "gloo"
        dist.init_process_group(backend, store=store, rank=member.number, world_size=member.count)
    torch.manual_seed(derived_seed(seed, "device", member.number))
    token = _group.set(Group(member.number, member.count))
    try:
        yield own
    finally:
        _group.reset(token)
    dist.destroy_process_group()  # not after an error, which is to be told before others find that this one is gone


@contextmanager
def _together(count: int) -> Iterator[None]:
    """What torch says when another process is gone becomes the sentence for it."""
    try:
        yield
    except RuntimeError as error:
        raise lost(count) from error


def _buckets(tensors: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    bucket: list[Tensor] = []
    for each in tensors:
        if bucket and (sum(one.numel() for one in bucket) + each.numel() > BUCKET or each.dtype != bucket[0].dtype):
            yield bucket
            bucket = []
        bucket.append(each)
    if bucket:
        yield bucket


class _Gathered(torch.autograd.Function):
    """A tensor of every device; the gradient is what all of them have made of this one's."""

    @staticmethod
    def forward(ctx: Any, tensor: Tensor, group: Group) -> Tensor:
        ctx.group = group
        parts = [torch.empty_like(tensor) for _ in range(group.count)]
        with _together(group.count):
            dist.all_gather(parts, tensor.contiguous())
        return torch.stack(parts)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        total = gradients[0].contiguous()
        with _together(ctx.group.count):
            dist.all_reduce(total)
        return total[ctx.group.number], None


class _WholeBatch(TorchFunctionMode):
    """Makes `F.batch_norm`, which all batch normalisations call, one over the parts of all devices."""

    def __init__(self, group: Group) -> None:
        super().__init__()
        self.group = group

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is F.batch_norm:
            return _batch_norm(self.group, *args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))


def _batch_norm(
    group: Group,
    inputs: Tensor,
    mean: Tensor | None,
    var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """`F.batch_norm` over the parts of all devices: mean and squares of each, put together (Chan et al. 1983)."""
    if not training:
        return F.batch_norm(inputs, mean, var, weight, bias, training, momentum, eps)
    values, axes = inputs.float(), [0, *range(2, inputs.ndim)]
    shape = [1, -1] + [1] * (inputs.ndim - 2)
    count = values.numel() / values.shape[1]
    own = values.mean(axes)
    squares = (values - own.view(shape)).square().sum(axes)
    parts = group.gathered(torch.cat([own, squares, own.new_full((1,), count)]))
    means, sums, counts = parts[:, : len(own)], parts[:, len(own) : -1], parts[:, -1:].detach()
    total = counts.sum()
    whole = (counts * means).sum(0) / total
    spread = (sums + counts * (means - whole).square()).sum(0)
    if mean is not None and var is not None:
        with torch.no_grad():
            mean.lerp_(whole.to(mean.dtype), momentum)
            var.lerp_((spread / (total - 1)).to(var.dtype), momentum)
    made = (values - whole.view(shape)) * (spread / total + eps).rsqrt().view(shape)
    if weight is not None:
        made = made * weight.view(shape)
    return (made if bias is None else made + bias.view(shape)).to(inputs.dtype)


def check_devices(devices: int, device: torch.device) -> None:
    """Raise UserError where a kind of device is not there so often. Of CPUs, each device is a process."""
    there = {"cuda": torch.cuda.device_count(), "cpu": devices}.get(device.type, 1)
    if devices > there:
        raise UserError(
            f"The recipe trains on {devices} devices at once, and of '{device.type}' there "
            f"{'is 1' if there == 1 else f'are {there}'} here; run it where there are as many, or with `--device cpu`."
        )


def prepared(group: Group, model: nn.Module, masks: Masks | None) -> Masks | None:
    """Have all devices begin with the first one's weights, buffers and masks, which are given back."""
    group.as_the_first([*model.parameters(), *model.buffers()])
    return None if masks is None else group.same_masks(masks)
