"""A network that is run many times with a few weights changed: only what depends on these is computed anew."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, fx, nn

from pruning.graph.tracing import NotTraceable, trace
from pruning.models.classifier import widened

MOST_BYTES = 250_000_000
"""Of activations that are kept."""
MOST_IMAGES = 250


class Rerun:
    """A copy of a network, and what each of its operations made of the last batch.

    `chunk` is how many images may be shown at once. A network that torch.fx cannot trace, or that changes values behind
    the back of its graph, is run as a whole each time.
    """

    def __init__(self, module: nn.Module, example: Tensor) -> None:
        """Take a network in evaluation mode, on the device of `example`: a batch as it is shown."""
        self.values: dict[fx.Node, Any] = {}
        self.batch = example[:0]
        self._readers: dict[frozenset[str], set[fx.Node]] = {}
        expected = logits_of(module(example[:2]))
        self.graph = traced(module, example.device)
        self.module: nn.Module = self.graph or copy.deepcopy(module)
        if self.graph is not None and not torch.equal(self.show(example[:2]), expected):
            self.graph, self.module = None, copy.deepcopy(module)
        size = sum(value.nbytes for value in self.values.values() if isinstance(value, Tensor))
        self.chunk = max(1, min(MOST_IMAGES, 2 * MOST_BYTES // max(size, 1)))

    def show(self, batch: Tensor) -> Tensor:
        """The logits float32 [N, K] of a batch with all weights as they are."""
        self.batch = batch
        if self.graph is None:
            return logits_of(self.module(batch))
        run = Kept(self.graph, collects=False)
        found = logits_of(run.run(batch))
        self.values = run.env
        return found

    def again(self, masks: Mapping[str, Tensor]) -> Tensor:
        """The logits of the same batch with parameters, by name, multiplied by masks."""
        with self._masked(masks):
            if self.graph is None:
                return logits_of(self.module(self.batch))
            changed = self._changed(frozenset(masks))
            known = {node: value for node, value in self.values.items() if node not in changed and node.op != "output"}
            return logits_of(Kept(self.graph, collects=False).run(self.batch, initial_env=known))

    @contextmanager
    def _masked(self, masks: Mapping[str, Tensor]) -> Iterator[None]:
        own = dict(self.module.named_parameters())
        before = {name: own[name].detach().clone() for name in masks}
        try:
            with torch.no_grad():
                for name, mask in masks.items():
                    own[name].mul_(mask.to(own[name].device))
            yield
        finally:
            with torch.no_grad():
                for name, value in before.items():
                    own[name].copy_(value)

    def _changed(self, names: frozenset[str]) -> set[fx.Node]:
        """The operations that read one of the parameters, and all that follow from them."""
        assert self.graph is not None
        if names not in self._readers:
            found: set[fx.Node] = set()
            for node in self.graph.graph.nodes:
                own = node.op in ("call_module", "get_attr") and reads(str(node.target), node.op, names)
                if own or any(each in found for each in node.all_input_nodes):
                    found.add(node)
            self._readers[names] = found
        return self._readers[names]


def traced(module: nn.Module, device: torch.device) -> fx.GraphModule | None:
    """The network as a graph whose modules leave alone what they are given; None where there is none."""
    try:
        graph = trace(module).to(device)
    except NotTraceable:
        return None
    for each in graph.modules():
        if "inplace" in vars(each):
            vars(each)["inplace"] = False  # what is kept must not change
    return graph


class Kept(fx.Interpreter):
    """Keeps the result of every operation as it was made, also where the next one works in place.

    It `collects` what no operation reads any more, or keeps that too.
    """

    def __init__(self, graph: fx.GraphModule, collects: bool) -> None:
        super().__init__(graph, garbage_collect_values=collects)

    def run_node(self, n: fx.Node) -> Any:
        """The node's result."""
        if not _in_place(n):
            return super().run_node(n)
        target = n.args[0]
        assert isinstance(target, fx.Node)
        kept = self.env[target]
        self.env[target] = kept.clone()
        try:
            return super().run_node(n)
        finally:
            self.env[target] = kept


def _in_place(node: fx.Node) -> bool:
    if not node.args or not isinstance(node.args[0], fx.Node):
        return False
    name = str(getattr(node.target, "__name__", node.target))
    if node.op == "call_method":
        return (name.endswith("_") and not name.endswith("__")) or (name.startswith("__i") and name.endswith("__"))
    mutates = node.op == "call_function" and (name.endswith("_") or name in ("iadd", "isub", "imul", "itruediv"))
    return mutates or bool(node.kwargs.get("inplace"))


def reads(target: str, op: str, names: frozenset[str]) -> bool:
    """Whether a module or attribute of a network is, or holds, one of the parameters."""
    return any(name == target or (op == "call_module" and name.startswith(f"{target}.")) for name in names)


def logits_of(output: Any) -> Tensor:
    """What a network gives as logits float32 [N, K]."""
    return widened(output).float()
