"""What channels a network has, and which of them are one."""

import torch
from torch import fx, nn

from pruning.graph.facts import Facts, Shapes
from pruning.graph.rules import walk
from pruning.graph.tracing import NotTraceable, shared_modules, trace
from pruning.models.classifier import remembered_shape
from pruning.models.trial import CannotRun, on_trial

CANNOT_RUN = (RuntimeError, TypeError, ValueError, LookupError, AttributeError, AssertionError, ArithmeticError)
"""What a network's own code raises of inputs that it is not made for."""


def follow(model: nn.Module, shape: tuple[int, ...] | None = None) -> tuple[fx.GraphModule, Facts]:
    """Trace a network and follow its channels through it.

    Args:
        model: any network; it is left as it was.
        shape: of one image, (C, H, W); where it is left out the one that the network was made for, else one that fits.

    Returns:
        its graph in float64, and what is known of the channels of each node.

    Raises:
        NotTraceable: torch.fx cannot trace it, or the graph does not run on such an image.
    """
    graph = trace(model).double()
    try:
        with torch.no_grad():
            Shapes(graph).run(on_trial(graph, shape or remembered_shape(model))[0])
            return graph, walk(graph, shared_modules(graph))
    except (CannotRun, *CANNOT_RUN) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        raise NotTraceable(f"The network {type(model).__name__} cannot be followed: {reason}.") from error
