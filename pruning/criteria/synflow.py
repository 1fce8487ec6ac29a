"""SynFlow: iterative pruning that conserves the flow through the synapses, without data (Tanaka et al. 2020).

In every round what goes is counted as everywhere here, rounded to the nearest; the authors' code rounds down and keeps
one weight more in about half of the rounds. With their count the masks are theirs to the last weight. The outcome hangs
on such things: at 98 % on ResNet-20 one weight more in an early round exchanges a tenth of those that are kept in the
end (Jaccard .79), while the sum of the flow changes by 1 %. Take no overlap with a SynFlow ticket for more than that.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.overrides import TorchFunctionMode

from pruning.criteria.base import Context, Criterion, Scores
from pruning.criteria.gradients import add_gradient, differentiable_copy
from pruning.errors import UserError, few
from pruning.training.precision import with_doubles

ROUNDS = 100
OTHERS = "Take another criterion, such as magnitude, SNIP or GraSP."
NORMALISING = {
    **dict.fromkeys(("softmax", "log_softmax", "gumbel_softmax"), "a softmax"),
    **dict.fromkeys(("scaled_dot_product_attention", "multi_head_attention_forward"), "attention"),
    **dict.fromkeys(("layer_norm", "group_norm", "instance_norm", "rms_norm"), "norms of the image's own statistics"),
    **dict.fromkeys(("normalize", "local_response_norm"), "activations brought to one size"),
    **{name: f"activations that saturate ({name})" for name in ("tanh", "sigmoid", "logsigmoid", "hardsigmoid")},
    **{name: f"activations that saturate ({name})" for name in ("softsign", "expit", "relu6")},
    "hardtanh": "activations that saturate (hardtanh, which ReLU6 is one of)",
}
"""Operations by name, in which the output does not grow with the input."""


def score(model: nn.Module, context: Context) -> Scores:
    """|w dR/dw| for R = 1' |W_L| ... |W_1| 1, the summed output of the network of absolute weights on an image of ones.

    In double precision: R is a product over the layers and leaves the range of float32 in deep networks. Batch norm is
    in evaluation mode, that is a fixed scale. Additive terms (biases, running means) are not in the paper's R and are
    left out; in a network freshly initialised with zero biases they are zero anyway.

    Raises:
        UserError: the network is none of the kind that R is about. What normalises its input by its own size (softmax
            in attention, layer norm) takes the flow away that it is given, as do activations that saturate: the flow is
            far beyond what they pass on, and their scores are zero. What is added and is no bias (position
            embeddings, class tokens) is a flow from nowhere.
    """
    if not context.task.feed_forward:
        raise UserError(
            f"SynFlow is not defined for the task '{context.task.name}': what a network is given does not pass "
            f"through all of its parts, one after the other, to one output. {OTHERS}"
        )
    images = context.batches[0][0]
    device = with_doubles(images.device)
    twin = linearise(differentiable_copy(model).to(device).double())
    weights = context.weights(twin)
    ones = torch.ones(1, *images.shape[1:], dtype=torch.float64, device=device)
    gradients = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    if any(isinstance(module, (nn.RNNBase, nn.RNNCellBase)) for module in twin.modules()):
        raise _undefined("recurrent layers, whose gates saturate")
    with _Refusing():
        flow = twin(ones)
    _refuse_sources(twin, ones)
    add_gradient(gradients, flow.sum(), weights)
    scores = {name: (weight * gradients[name]).abs() for name, weight in weights.items()}
    if device == images.device:
        return scores
    # Float32 holds their ratios where it does not hold them.
    highest = max(float(score.max()) for score in scores.values()) or 1.0
    return {name: (score / highest).float().to(images.device) for name, score in scores.items()}


@torch.no_grad()
def linearise(model: nn.Module) -> nn.Module:
    """Make every parameter its absolute value and every additive term zero, in place."""
    for name, parameter in model.named_parameters():
        if name.rpartition(".")[2].endswith("bias"):
            parameter.zero_()
        else:
            parameter.abs_()
    for module in model.modules():
        if isinstance(module, _BatchNorm) and module.running_mean is not None:
            module.running_mean.zero_()
    return model


def _undefined(what: str) -> UserError:
    return UserError(
        f"SynFlow is not defined for a network with {what}: the flow through it is not conserved. {OTHERS}"
    )


class _Refusing(TorchFunctionMode):
    """Refuses what does not pass on the flow that it is given, in proportion."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        name = getattr(func, "__name__", "").strip("_")
        given = kwargs or {}
        by_batch = name == "batch_norm" and bool(given.get("training", args[5] if len(args) > 5 else False))
        if name in NORMALISING or by_batch:
            raise _undefined(NORMALISING.get(name, "norms without running statistics"))
        return func(*args, **given)


@torch.no_grad()
def _refuse_sources(twin: nn.Module, ones: Tensor) -> None:
    """Refuse what makes a flow of an image of zeros: only parameters and buffers of a network's own modules can."""
    own = [
        f"{name}.{key}".lstrip(".")
        for name, module in twin.named_modules()
        if not type(module).__module__.startswith("torch.nn.modules")
        for key, value in (*module.named_parameters(recurse=False), *module.named_buffers(recurse=False))
        if bool(value.any())
    ]
    if own and bool(twin(torch.zeros_like(ones)).any()):
        raise UserError(
            f"SynFlow is not defined for a network that adds what is no bias of a layer (it has {few(own)}), such as a "
            f"position embedding: that would be a flow from nowhere. {OTHERS}"
        )


CRITERION = Criterion(
    "synflow", "SynFlow", "Tanaka et al. 2020, arXiv 2006.05467", score, needs_data=False, rounds=ROUNDS
)
