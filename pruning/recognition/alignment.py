"""Which layer of one network is which of another: shapes in order decide, names where the order within blocks differs.

Both lists are coloured, first by shapes. Whatever names tell refines a colour, but only where it sorts both sides
alike, so that a misleading name cannot tear a layer from its place. Where the coloured lists then agree in order the
layers are paired in order; elsewhere the lists are cut into the shortest stretches that hold the same layers, and each
is solved by itself: single layers, kinds listed apart, or pieces moved as a whole. What is left is ambiguous.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence
from itertools import pairwise

from pruning.recognition.layer_names import is_shortcut, natural, numbers, role, words
from pruning.recognition.layers import Layer

Colours = list[Hashable]
Pair = tuple[int, int]
LONGEST = 64
"""Stretches of more layers than this are not searched for moved pieces."""


class Ambiguous(Exception):
    """Names and shapes leave several ways; carries a layer of theirs and those of ours that it could be."""

    def __init__(self, theirs: Layer, ours: Sequence[Layer]) -> None:
        super().__init__(theirs.name)
        self.theirs, self.ours = theirs, tuple(ours)


def align(theirs: Sequence[Layer], ours: Sequence[Layer], bias: bool = True) -> list[tuple[Layer, Layer]]:
    """Pairs of layers that are the same in both networks, in our order.

    The two lists must hold the same signatures (`Layer.signature(bias)`). A list of theirs that is sorted by name
    (as some file formats leave it) is put in natural order, and its order then counts less.

    Raises:
        Ambiguous: several ways are left.
    """
    names = [layer.name for layer in theirs]
    is_sorted = names == sorted(names)
    if is_sorted:
        theirs = sorted(theirs, key=lambda layer: natural(layer.name))
    pairs = _paired(theirs, ours, bias, is_sorted)
    return [(theirs[i], ours[j]) for i, j in sorted(pairs, key=lambda pair: pair[1])]


def _paired(theirs: Sequence[Layer], ours: Sequence[Layer], bias: bool, is_sorted: bool) -> list[Pair]:
    a: Colours = [layer.signature(bias) for layer in theirs]
    b: Colours = [layer.signature(bias) for layer in ours]
    certain: tuple[Feature, ...] = (_shortcuts, _roles)
    for feature in certain:
        a, b = _refined(a, b, theirs, ours, feature, spare=0)
    if is_sorted or a != b:
        for feature in (_numbers, _ranks):
            a, b = _refined(a, b, theirs, ours, feature, spare=1)
    order_means = not is_sorted or _worded(theirs, ours)
    counts, last = Counter(a), len(b) - 1
    # A layer of its own kind also says where its neighbours belong, unless the file has lost the order. The classifier
    # has no neighbours to tell of, and some list it first.
    alone = {colour: j for j, colour in enumerate(b) if counts[colour] == 1 and (is_sorted or j == last)}
    pairs = [(i, alone[colour]) for i, colour in enumerate(a) if colour in alone]
    left_a = [i for i, colour in enumerate(a) if colour not in alone]
    left_b = [j for j, colour in enumerate(b) if colour not in alone]
    norms = [layer.is_norm for layer in theirs], [layer.is_norm for layer in ours]
    apart = is_sorted or not _norms_follow(norms[1])
    stretches = _stretches(left_a, left_b, a, b, None if apart else norms)
    for i, j in stretches if is_sorted else _widened(stretches, a, b, norms[0]):
        pairs += _Stretch(i, j, a, b, theirs, ours, is_sorted, order_means).solved()
    return pairs


# --- colours ---------------------------------------------------------------------------------------------------------

Feature = Callable[[Sequence[Layer], Sequence[Layer]], tuple[list[Hashable], list[Hashable]] | None]


def _refined(
    a: Colours, b: Colours, theirs: Sequence[Layer], ours: Sequence[Layer], feature: Feature, spare: int
) -> tuple[Colours, Colours]:
    """Splits each colour by a feature if that sorts both sides alike, but for `spare` layers that are left over."""
    members: dict[Hashable, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for side, colours in enumerate((a, b)):
        for index, colour in enumerate(colours):
            members[colour][side].append(index)
    a, b = list(a), list(b)
    for colour, (mine, yours) in members.items():
        values = feature([theirs[i] for i in mine], [ours[j] for j in yours]) if len(mine) > 1 else None
        if values is None or not _agree(Counter(values[0]), Counter(values[1]), spare):
            continue
        shared = set(values[0]) & set(values[1])
        for colours, indices, found in ((a, mine, values[0]), (b, yours, values[1])):
            for index, value in zip(indices, found, strict=True):
                colours[index] = (colour, value if value in shared else "left over")
    return a, b


def _agree(a: Counter[Hashable], b: Counter[Hashable], spare: int) -> bool:
    more, less = a - b, b - a
    if more.total() > min(spare, a.total() // 3):
        return False
    return all(b[value] == 0 for value in more) and all(a[value] == 0 for value in less)


def _shortcuts(theirs: Sequence[Layer], ours: Sequence[Layer]) -> tuple[list[Hashable], list[Hashable]]:
    return [is_shortcut(layer) for layer in theirs], [is_shortcut(layer) for layer in ours]


def _roles(theirs: Sequence[Layer], ours: Sequence[Layer]) -> tuple[list[Hashable], list[Hashable]]:
    return [role(layer) for layer in theirs], [role(layer) for layer in ours]


def _numbers(theirs: Sequence[Layer], ours: Sequence[Layer]) -> tuple[list[Hashable], list[Hashable]] | None:
    if not _worded(theirs, ours):
        return None
    return [numbers(layer.name) for layer in theirs], [numbers(layer.name) for layer in ours]


def _ranks(theirs: Sequence[Layer], ours: Sequence[Layer]) -> tuple[list[Hashable], list[Hashable]] | None:
    """The numbers at each place replaced by their ranks: counting from 0 or from 1 is the same."""
    if not _worded(theirs, ours):
        return None
    return _ranked([numbers(layer.name) for layer in theirs]), _ranked([numbers(layer.name) for layer in ours])


def _ranked(found: list[tuple[int, ...]]) -> list[Hashable]:
    longest = max(map(len, found))
    orders = [sorted({entry[place] for entry in found if len(entry) > place}) for place in range(longest)]
    return [tuple(orders[place].index(value) for place, value in enumerate(entry)) for entry in found]


def _worded(theirs: Sequence[Layer], ours: Sequence[Layer]) -> bool:
    """Whether their names follow a pattern at least as strict as ours, so that their numbers mean something."""
    return len({words(layer.name) for layer in theirs}) <= len({words(layer.name) for layer in ours})


# --- stretches -------------------------------------------------------------------------------------------------------


def _norms_follow(norms: list[bool]) -> bool:
    """Whether every layer but the classifier has its norm right behind it."""
    return all(here or after for here, after in pairwise(norms[:-1]))


def _stretches(
    left_a: list[int], left_b: list[int], a: Colours, b: Colours, norms: tuple[list[bool], list[bool]] | None
) -> list[tuple[list[int], list[int]]]:
    """The shortest consecutive stretches that hold the same colours on both sides; with `norms`, none starts at one."""
    found, start = [], 0
    balance: Counter[Hashable] = Counter()
    open_colours = 0
    for end, (i, j) in enumerate(zip(left_a, left_b, strict=True), start=1):
        for colour, step in ((a[i], 1), (b[j], -1)):
            before = balance[colour]
            balance[colour] += step
            open_colours += (balance[colour] != 0) - (before != 0)
        torn = norms is not None and end < len(left_a) and (norms[0][left_a[end]] or norms[1][left_b[end]])
        if open_colours == 0 and not torn:
            found.append((left_a[start:end], left_b[start:end]))
            start = end
    return found


def _widened(
    stretches: list[tuple[list[int], list[int]]], a: Colours, b: Colours, norms: list[bool]
) -> list[tuple[list[int], list[int]]]:
    """The stretches, those out of order together with what follows if the same layers are among it and in them.

    Of A B C A and B C A A the first three layers alone would already agree, with the first A for the wrong one of ours.
    """
    found: list[tuple[list[int], list[int]]] = []
    is_open = False
    for mine, yours in stretches:
        in_order = [a[i] for i in mine] == [b[j] for j in yours]
        if is_open and in_order and not norms[mine[0]] and a[mine[0]] in {a[i] for i in found[-1][0]}:
            found[-1] = (found[-1][0] + mine, found[-1][1] + yours)
            is_open = False
        else:
            found.append((mine, yours))
            is_open = not in_order
    return found


class _Stretch:
    """One stretch, and the ways to pair its layers."""

    def __init__(
        self,
        mine: list[int],
        yours: list[int],
        a: Colours,
        b: Colours,
        theirs: Sequence[Layer],
        ours: Sequence[Layer],
        is_sorted: bool,
        order_means: bool,
    ) -> None:
        self.mine, self.yours, self.a, self.b = mine, yours, a, b
        self.theirs, self.ours, self.is_sorted, self.order_means = theirs, ours, is_sorted, order_means

    def solved(self) -> list[Pair]:
        """The pairs.

        Raises:
            Ambiguous: several ways are left.
        """
        if len(self.mine) == 1:
            if not self.order_means:
                raise self._ambiguous(self.mine[0])
            return [(self.mine[0], self.yours[0])]
        counts = Counter(self.a[i] for i in self.mine)
        if max(counts.values()) == 1:
            place = {self.b[j]: j for j in self.yours}
            return [(i, place[self.a[i]]) for i in self.mine]
        return self._kinds_apart() or self._moved() or self._give_up(counts)

    def _give_up(self, counts: Counter[Hashable]) -> list[Pair]:
        raise self._ambiguous(next(i for i in self.mine if counts[self.a[i]] > 1))

    def _ambiguous(self, index: int) -> Ambiguous:
        could_be = [self.ours[j] for j, colour in enumerate(self.b) if colour == self.a[index]]
        return Ambiguous(self.theirs[index], could_be)

    def _kinds_apart(self) -> list[Pair] | None:
        """Convolutions in the same order, norms in the same order, only mingled otherwise."""
        if self.is_sorted and not self._is_one_block():
            return None
        pairs: list[Pair] = []
        for norm in (False, True):
            mine = [i for i in self.mine if self.theirs[i].is_norm == norm]
            yours = [j for j in self.yours if self.ours[j].is_norm == norm]
            if [self.a[i] for i in mine] != [self.b[j] for j in yours]:
                return None
            pairs += zip(mine, yours, strict=True)
        return pairs

    def _is_one_block(self) -> bool:
        paths = [self.ours[j].name.split(".") for j in self.yours]
        shared = [parts[0] for parts in zip(*paths, strict=False) if len(set(parts)) == 1]
        return any(part.isdigit() for part in shared)

    def _moved(self) -> list[Pair] | None:
        """Pieces moved as a whole: a layer and its norm stay together, the longest common pieces are paired first."""
        if len(self.mine) > LONGEST:
            return None
        mine, yours = self._units(self.mine, self.theirs), self._units(self.yours, self.ours)
        if mine is None or yours is None or mine[1] != yours[1]:
            return None
        a = [tuple(self.a[i] for i in unit) for unit in mine[0]]
        b = [tuple(self.b[j] for j in unit) for unit in yours[0]]
        places = _common_pieces(a, b)
        if places is None:
            return None
        return [pair for p, q in places for pair in zip(mine[0][p], yours[0][q], strict=True)]

    def _units(self, indices: list[int], layers: Sequence[Layer]) -> tuple[list[list[int]], tuple[bool, ...]] | None:
        """Layers with the norm that follows (or precedes) each, and which of the two it is; None where they mingle."""
        kinds = [layers[i].is_norm for i in indices]
        if not any(kinds):
            return [[i] for i in indices], (False,)
        pattern = (kinds[0], not kinds[0])
        if len(kinds) % 2 or tuple(kinds) != pattern * (len(kinds) // 2):
            return None
        return [indices[k : k + 2] for k in range(0, len(indices), 2)], pattern


def _common_pieces(a: Sequence[Hashable], b: Sequence[Hashable]) -> list[Pair] | None:
    """Pairs of places: the longest run common to both, then the longest of what is left; None if not unique."""
    free_a, free_b = [True] * len(a), [True] * len(b)
    pairs: list[Pair] = []
    while any(free_a):
        best = 0
        found: list[Pair] = []
        for p in range(len(a)):
            for q in range(len(b)):
                length = 0
                while (
                    max(p, q) + length < len(a)
                    and free_a[p + length]
                    and free_b[q + length]
                    and a[p + length] == b[q + length]
                ):
                    length += 1
                if length > best:
                    best, found = length, []
                if length == best:
                    found.append((p, q))
        if best == 0 or len({p for p, _ in found}) < len(found) or len({q for _, q in found}) < len(found):
            return None
        for p, q in found[:1]:
            for step in range(best):
                pairs.append((p + step, q + step))
                free_a[p + step] = free_b[q + step] = False
    return pairs
