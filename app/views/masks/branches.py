"""What was tried by hand, as a tree: from each state the next ones; whoever goes back and on begins a branch."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class State:
    """The sliders at one moment.

    Attributes:
        shares: parameter -> fraction of its weights that goes. parent: the place of the state before; None: the whole.
        criterion: which weights go; "" where none does.
        kept: the fraction of all weights that stays, and accuracies, once they are known: condition's name -> fraction.
    """

    shares: dict[str, float]
    criterion: str = ""
    parent: int | None = None
    kept: float = 1.0
    accuracies: dict[str, float] = field(default_factory=dict)


@dataclass
class Branches:
    """All states, the whole network first, and the place of the one looked at."""

    states: list[State] = field(default_factory=lambda: [State({})])
    current: int = 0

    @property
    def here(self) -> State:
        """The state looked at."""
        return self.states[self.current]

    def move(self, shares: dict[str, float], criterion: str) -> None:
        """Go on to other shares or another criterion: a state that follows this one, a new one unless there is such."""
        wanted = shares, criterion if any(shares.values()) else ""
        if wanted == (self.here.shares, self.here.criterion):
            return
        for place, state in enumerate(self.states):
            if state.parent == self.current and (state.shares, state.criterion) == wanted:
                self.current = place
                return
        self.states.append(State(dict(shares), wanted[1], self.current))
        self.current = len(self.states) - 1

    def go(self, place: int) -> None:
        """Look at a state; places that there are not are passed over."""
        if 0 <= place < len(self.states):
            self.current = place

    def places(self) -> list[tuple[int, int]]:
        """Where each state lies: how many steps from the whole network, and on which branch, the first of them 0."""
        found: list[tuple[int, int]] = []
        went_on: set[int] = set()
        for state in self.states:  # parents come first
            if state.parent is None:
                found.append((0, 0))
                continue
            depth, branch = found[state.parent]
            if state.parent in went_on:
                branch = 1 + max(other for _, other in found)
            went_on.add(state.parent)
            found.append((depth + 1, branch))
        return found
