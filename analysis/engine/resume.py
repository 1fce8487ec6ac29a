"""A network shown the same images again and again while its masks change: it goes on from before the first change.

What is kept is the one value on which all that follows depends, at places spread over the network (such as the ends of
residual blocks), as far as there is room.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, fx, nn

from analysis.engine.rerun import Kept, logits_of, reads, traced
from pruning.masks import Masks

ROOM = 128_000_000
"""Bytes that are kept of all images together."""


@dataclass(frozen=True)
class Cut:
    """A place in a graph where all that follows depends on one value: that of the operation at `place`."""

    place: int
    node: fx.Node


def cuts_of(graph: fx.Graph) -> list[Cut]:
    """The places of a graph that all that follows can go on from, in its order; parameters are at hand anyway."""
    nodes = list(graph.nodes)
    last = {node: place for place, later in enumerate(nodes) for node in later.all_input_nodes}
    alive: set[fx.Node] = set()
    found = []
    for place, node in enumerate(nodes):
        if node.op != "get_attr":
            alive.add(node)
        alive = {each for each in alive if last.get(each, -1) > place}
        if alive == {node}:
            found.append(Cut(place, node))
    return found


class Resumed:
    """A copy of a network, and what it made of the images under the masks of the last call.

    A network that torch.fx cannot trace is run as a whole each time.
    """

    def __init__(self, module: nn.Module, batches: Sequence[Tensor], room: int = ROOM) -> None:
        """Take a network in evaluation mode, and the images as they are shown to it."""
        self.batches = batches
        self.masks: Masks = {}
        self.graph = traced(module, batches[0].device)
        if self.graph is not None:
            with torch.no_grad():
                few = batches[0][:2]
                if not torch.equal(logits_of(Kept(self.graph, collects=True).run(few)), logits_of(module(few))):
                    self.graph = None
        self.module: nn.Module = self.graph or copy.deepcopy(module)
        self.whole = {name: value.detach().clone() for name, value in self.module.named_parameters()}
        self.cuts = [] if self.graph is None else self._places(self.graph, room)
        self.values: list[dict[fx.Node, Tensor]] = [{} for _ in batches]
        self.logits: Tensor | None = None

    def show(self, masks: Mapping[str, Tensor]) -> Tensor:
        """The logits float32 [N, K] of all images with parameters, by name, multiplied by masks."""
        changed = {name for name in masks.keys() | self.masks.keys() if self._differs(name, masks)}
        if self.logits is not None and not changed:
            return self.logits
        start = self._start(frozenset(changed)) if self.logits is not None else None
        own, self.logits = dict(self.module.named_parameters()), None  # whoever stops on the way begins anew
        with torch.no_grad():
            for name in changed:
                value = self.whole[name]
                own[name].copy_(value * masks[name].to(value.device) if name in masks else value)
        self.masks = dict(masks)
        found = [self._run(place, batch, start) for place, batch in enumerate(self.batches)]
        self.logits = torch.cat(found)
        return self.logits

    def _differs(self, name: str, masks: Mapping[str, Tensor]) -> bool:
        old, new = self.masks.get(name), masks.get(name)
        if old is None or new is None:
            left = new if old is None else old
            return left is not None and not bool(left.all())
        return not torch.equal(old, new)

    def _start(self, names: frozenset[str]) -> Cut | None:
        """The last cut before anything that reads one of the parameters; None where there is none."""
        if self.graph is None:
            return None
        after = len(self.graph.graph.nodes)
        for place, node in enumerate(self.graph.graph.nodes):
            if node.op in ("call_module", "get_attr") and reads(str(node.target), node.op, names):
                after = min(after, place)
        return max((cut for cut in self.cuts if cut.place < after), key=lambda cut: cut.place, default=None)

    def _run(self, place: int, batch: Tensor, start: Cut | None) -> Tensor:
        """The logits of a batch; what lies at the cuts is kept anew."""
        if self.graph is None:
            return logits_of(self.module(batch))
        values = self.values[place]
        run = _Noting(self.graph, {cut.node for cut in self.cuts}, values)
        if start is None:
            return logits_of(run.run(batch))
        nodes = list(self.graph.graph.nodes)[: start.place + 1]
        known = {node: values[node] if node is start.node else None for node in nodes if node.op != "get_attr"}
        return logits_of(run.run(batch, initial_env=known))

    def _places(self, graph: fx.GraphModule, room: int) -> list[Cut]:
        """Cuts for which there is room, spread over the network."""
        every, first = cuts_of(graph.graph), self.batches[0]
        seen: dict[fx.Node, Tensor] = {}
        with torch.no_grad():
            _Noting(graph, {cut.node for cut in every}, seen).run(first[:1])
        images = sum(len(batch) for batch in self.batches)
        size = {cut.place: seen[cut.node].nbytes * images for cut in every if isinstance(seen.get(cut.node), Tensor)}
        every = [cut for cut in every if cut.place in size and cut.node.op != "placeholder"]
        for step in range(1, len(every) + 1):
            chosen = every[::-1][::step][::-1]  # the latest are the smallest
            if sum(size[cut.place] for cut in chosen) <= room:
                return chosen
        return []


class _Noting(Kept):
    """Notes what some operations make."""

    def __init__(self, graph: fx.GraphModule, wanted: set[fx.Node], notes: dict[fx.Node, Tensor]) -> None:
        super().__init__(graph, collects=True)
        self.wanted, self.notes = wanted, notes

    def run_node(self, n: fx.Node) -> object:
        """The node's result."""
        found = super().run_node(n)
        if n in self.wanted:
            self.notes[n] = found
        return found
