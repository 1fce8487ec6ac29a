"""What stands for accuracy, and how it is written."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Score:
    """What stands for accuracy: in a ticket `TicketInfo.accuracy`, in a training curve `test_accuracy`.

    Attributes:
        name: what it is called in a sentence, such as "accuracy".
        unit: "%" for a fraction that is shown in per cent, else its unit, "" where it has none.
        higher: whether a higher one is better.
        meaning: a sentence on it.
    """

    name: str
    unit: str = ""
    higher: bool = True
    meaning: str = ""

    @property
    def title(self) -> str:
        """The name for an axis or a heading."""
        return self.name[:1].upper() + self.name[1:]

    @property
    def is_share(self) -> bool:
        """Whether it is a fraction that is shown in per cent."""
        return self.unit == "%"

    @property
    def factor(self) -> float:
        """What a value is multiplied by before it is shown."""
        return 100.0 if self.is_share else 1.0

    @property
    def suffix(self) -> str:
        """What follows a number that is shown."""
        return f" {self.unit}" if self.unit else ""

    def number(self, value: float, decimals: int = 1) -> str:
        """Write a value without its unit: `97.3`, `15.6`, `1,240`; `decimals` are those of per cent."""
        if self.is_share:
            return f"{100 * value:.{decimals}f}"
        return f"{value:,.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}"

    def text(self, value: float, decimals: int = 1) -> str:
        """Write a value with its unit: `97.3 %`, `15.6`, `102 nats`."""
        return self.number(value, decimals) + self.suffix
