"""Some classes of a data set that has a name, as a task of its own.

``digits[0-4]`` are the digits 0 to 4, ``cifar10[cat,dog]`` two classes of CIFAR-10. Classes are named, not counted, in
the order of the data set; ``A-B`` are all from A to B in this order. Labels count from 0 within the classes that are
left, so that label 0 of ``digits[5-9]`` is the digit 5. Images are normalised as those of the whole data set are: a
network that goes from one part to another sees the same inputs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from pruning.data.base import Dataset, DataSource, Split
from pruning.errors import UserError, few

FORM = "NAME[CLASS-CLASS]"
FEWEST = 2
LISTED = 10  # class names in a sentence
BEGIN, END, COMMA, DASH = "[", "]", ",", "-"


def is_subset(name: str) -> bool:
    """Whether a data set's name is written as one of this kind."""
    return name.endswith(END) and BEGIN in name


def whole_of(name: str) -> str:
    """The name of the data set whose classes are taken."""
    return name.partition(BEGIN)[0]


@dataclass(frozen=True)
class SubsetData(DataSource):
    """Some classes of a data set.

    Attributes:
        name: what it was called, such as ``digits[0-4]``.
        whole: where the data set comes from.
    """

    name: str
    whole: DataSource

    def is_there(self, root: Path) -> bool:
        """Whether the whole data set is."""
        return self.whole.is_there(root)

    def read(self, root: Path) -> Dataset:
        """The images of these classes, in their order.

        Raises:
            UserError: the data set cannot be read, or has no such classes.
        """
        data = self.whole.read(root)
        chosen = self._chosen(data.classes)
        parts = [_of_classes(part, chosen) for part in (data.train, data.test)]
        for part, what in zip(parts, ("training", "test"), strict=True):
            counts = torch.bincount(part.labels, minlength=len(chosen))
            if empty := [data.classes[chosen[at]] for at in (counts == 0).nonzero().flatten().tolist()]:
                raise UserError(f"The data set '{self.name}' has no {what} images of {few(empty)}; take other classes.")
        names = tuple(data.classes[at] for at in chosen)
        return replace(data, name=self.name, classes=names, train=parts[0], test=parts[1])

    def _chosen(self, classes: Sequence[str]) -> list[int]:
        """The places of the classes that the name gives."""
        asked = self.name.removesuffix(END).partition(BEGIN)[2]
        chosen = [place for item in asked.split(COMMA) for place in self._places(item, classes)]
        ordered = sorted(set(chosen))
        if chosen != ordered:
            right = f"{whole_of(self.name)}[{COMMA.join(classes[place] for place in ordered)}]"
            raise UserError(f"The data set '{self.name}' should name each class once, in their order: {right}.")
        if len(chosen) < FEWEST:
            raise UserError(f"The data set '{self.name}' is one class only; name {FEWEST} or more.")
        if len(chosen) == len(classes):
            raise UserError(f"The data set '{self.name}' is all classes of '{whole_of(self.name)}'; write that.")
        return chosen

    def _places(self, item: str, classes: Sequence[str]) -> Sequence[int]:
        """The places of one class, or of all from one to another; a name that has a dash itself is one class."""
        if item in classes:
            return [classes.index(item)]
        dashes = [place for place, letter in enumerate(item) if letter == DASH]
        ends = [(item[:at], item[at + 1 :]) for at in dashes if item[:at] in classes and item[at + 1 :] in classes]
        if len(ends) != 1:
            raise UserError(
                f"The data set '{whole_of(self.name)}' has no class '{item}', as '{self.name}' says; it has "
                f"{few(classes, LISTED)}."
            )
        first, last = (classes.index(end) for end in ends[0])
        if first >= last:
            raise UserError(f"The classes '{item}' of '{self.name}' run backwards; write {ends[0][1]}-{ends[0][0]}.")
        return range(first, last + 1)


def _of_classes(part: Split, chosen: Sequence[int]) -> Split:
    """The images of these classes, their labels counted anew."""
    kept = torch.isin(part.labels, torch.tensor(chosen))
    return Split(part.images[kept], torch.searchsorted(torch.tensor(chosen), part.labels[kept]))
