"""AdamW (Loshchilov & Hutter 2019), the numbers of torch's to the bit.

Torch's own does the same arithmetic, `foreach`, and takes as long again to find out what it was asked for. In a small
network that is more than a tenth of a step.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

EPSILON = 1e-8


class AdamW:
    """What of `torch.optim.AdamW` the training loop needs.

    Args:
        groups: each with its "params" and its "weight_decay".
        lr: the learning rate at first; it is read anew from each of `param_groups` at every step.
        betas: decay of the mean of gradients, and of that of their squares.
    """

    def __init__(self, groups: Sequence[dict[str, Any]], lr: float, betas: tuple[float, float]) -> None:
        self.param_groups: list[dict[str, Any]] = [{**group, "lr": lr} for group in groups]
        self.betas = betas
        self.state: dict[Tensor, dict[str, Any]] = {}

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Change all parameters that have a gradient."""
        for group in self.param_groups:
            parameters: list[Tensor] = [parameter for parameter in group["params"] if parameter.grad is not None]
            if parameters:
                self._change(parameters, group["lr"], group["weight_decay"])

    def _change(self, parameters: list[Tensor], lr: float, weight_decay: float) -> None:
        first, second = self.betas
        gradients: list[Tensor] = [parameter.grad for parameter in parameters if parameter.grad is not None]
        states = [self._state_of(parameter) for parameter in parameters]
        means, squares = [state["exp_avg"] for state in states], [state["exp_avg_sq"] for state in states]
        for state in states:
            state["step"] += 1
        if weight_decay:
            torch._foreach_mul_(parameters, 1 - lr * weight_decay)
        torch._foreach_lerp_(means, gradients, 1 - first)
        torch._foreach_mul_(squares, second)
        torch._foreach_addcmul_(squares, gradients, gradients, 1 - second)
        spread = torch._foreach_sqrt(squares)
        torch._foreach_div_(spread, [(1 - second ** state["step"]) ** 0.5 for state in states])
        torch._foreach_add_(spread, EPSILON)
        torch._foreach_addcdiv_(parameters, means, spread, [-(lr / (1 - first ** state["step"])) for state in states])

    def _state_of(self, parameter: Tensor) -> dict[str, Any]:
        if parameter not in self.state:
            empty = [torch.zeros_like(parameter, memory_format=torch.preserve_format) for _ in range(2)]
            self.state[parameter] = {"step": 0, "exp_avg": empty[0], "exp_avg_sq": empty[1]}
        return self.state[parameter]
