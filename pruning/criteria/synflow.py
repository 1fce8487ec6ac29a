"""SynFlow: iterative pruning that conserves the flow through the synapses, without data (Tanaka et al. 2020).

In every round what goes is counted as everywhere here, rounded to the nearest; the authors' code rounds down and keeps
one weight more in about half of the rounds. With their count the masks are theirs to the last weight. The outcome hangs
on such things: at 98 % on ResNet-20 one weight more in an early round exchanges a tenth of those that are kept in the
end (Jaccard .79), while the sum of the flow changes by 1 %. Take no overlap with a SynFlow ticket for more than that.
"""

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from pruning.criteria.base import Context, Criterion, Scores
from pruning.criteria.gradients import add_gradient, differentiable_copy

ROUNDS = 100


def score(model: nn.Module, context: Context) -> Scores:
    """|w dR/dw| for R = 1' |W_L| ... |W_1| 1, the summed output of the network of absolute weights on an image of ones.

    In double precision: R is a product over the layers and leaves the range of float32 in deep networks. Batch norm is
    in evaluation mode, that is a fixed scale. Additive terms (biases, running means) are not in the paper's R and are
    left out; in a network freshly initialised with zero biases they are zero anyway.
    """
    twin = linearise(differentiable_copy(model).double())
    weights = context.weights(twin)
    images = context.batches[0][0]
    ones = torch.ones(1, *images.shape[1:], dtype=torch.float64, device=images.device)
    gradients = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    add_gradient(gradients, twin(ones).sum(), weights)
    return {name: (weight * gradients[name]).abs() for name, weight in weights.items()}


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


CRITERION = Criterion(
    "synflow", "SynFlow", "Tanaka et al. 2020, arXiv 2006.05467", score, needs_data=False, rounds=ROUNDS
)
