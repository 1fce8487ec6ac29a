"""Reads a pickle without unpickling it: what it would build is written down, and nothing that it names is called.

A pickle is a program for a small machine with a stack. Its steps are listed by `pickletools.genops`, which only
decodes; here each is carried out on descriptions: a name stays a `Name`, a call becomes the `View` of a tensor where
the function is one that rebuilds tensors, and an `Opaque` that remembers the function's name otherwise.
"""

import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

from pruning.checkpoints.contents import Storage, sensible
from pruning.checkpoints.limits import MAX_STEPS
from pruning.checkpoints.pickle_calls import Name, Opaque, Unclear, rebuild
from pruning.checkpoints.pickle_names import DTYPES, storage_type, words

_VALUES = words(
    """
    INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT UNICODE BINUNICODE SHORT_BINUNICODE BINUNICODE8
    STRING BINSTRING SHORT_BINSTRING BINBYTES SHORT_BINBYTES BINBYTES8 BYTEARRAY8
    """
)


class TooLong(Exception):
    """The pickle has more steps than any network needs."""


@dataclass(frozen=True)
class Described:
    """What a pickle would build, and all names that it asks for, in order."""

    tree: object
    names: tuple[str, ...]
    storages: dict[str, Storage]


def describe(stream: BinaryIO) -> Described:
    """Follow one pickle from where the stream stands to its end.

    Raises:
        Unclear: a step makes no sense.
        TooLong: there are too many.
        ValueError, IndexError and their like: it is cut short or damaged.
    """
    machine = _Machine()
    for count, (step, argument, _) in enumerate(pickletools.genops(stream)):
        if count >= MAX_STEPS:
            raise TooLong
        machine.step(step.name, argument)
    return Described(machine.stack.pop(), tuple(dict.fromkeys(machine.names)), machine.storages)


class _Machine:
    def __init__(self) -> None:
        self.stack: list[object] = []
        self.below: list[list[object]] = []  # stacks that a MARK has put aside
        self.memo: dict[int, object] = {}
        self.names: list[str] = []
        self.storages: dict[str, Storage] = {}

    def step(self, name: str, argument: object) -> None:
        if name in _VALUES:
            self.stack.append(argument)
            return
        action = _ACTIONS.get(name)
        if action is None:
            raise Unclear(f"the step {name} is none that files of weights have")
        action(self, argument)

    def marked(self) -> list[object]:
        """What was put on the stack since the last MARK."""
        items, self.stack = self.stack, self.below.pop()
        return items

    def push(self, item: object) -> None:
        self.stack.append(item)

    def mark(self) -> None:
        self.below.append(self.stack)
        self.stack = []

    def remember(self, key: int) -> None:
        self.memo[key] = self.stack[-1]

    def top(self, count: int) -> tuple[object, ...]:
        """Take the topmost items off the stack, in the order in which they were put there."""
        if len(self.stack) < count:
            raise Unclear("a step lacks its values")
        items = tuple(self.stack[len(self.stack) - count :])
        del self.stack[len(self.stack) - count :]
        return items

    def ask(self, name: str) -> None:
        self.names.append(name)
        self.stack.append(Name(name))

    def ask_from_stack(self) -> None:
        module, last = self.top(2)
        if not isinstance(module, str) or not isinstance(last, str):
            raise Unclear("a name is no text")
        self.ask(f"{module}.{last}")

    def call(self) -> None:
        function, arguments = self.top(2)
        self.stack.append(rebuild(function, arguments))

    def call_with_keywords(self) -> None:
        function, arguments, _ = self.top(3)
        self.stack.append(rebuild(function, arguments))

    def instance(self, argument: str) -> None:
        self.marked()
        self.names.append(argument.replace(" ", ".", 1))
        self.stack.append(Opaque(self.names[-1]))

    def instance_from_stack(self) -> None:
        items = self.marked()
        self.stack.append(rebuild(items[0], tuple(items[1:])))

    def build(self) -> None:
        # The state of an object: attributes, such as `_metadata` of a state dict; of no use for anything described here
        self.top(1)
        self.stack[-1]

    def extend(self, items: list[object]) -> None:
        target = self.stack[-1]
        if isinstance(target, list):
            target.extend(items)
        elif not isinstance(target, Opaque):
            raise Unclear("items are added to what is no list")

    def assign(self, items: list[object] | tuple[object, ...]) -> None:
        target = self.stack[-1]
        if isinstance(target, Opaque):
            return
        if not isinstance(target, dict) or len(items) % 2:
            raise Unclear("entries are added to what is no dictionary")
        for key, value in zip(items[::2], items[1::2], strict=True):
            # Keys of other kinds occur in an optimizer at most; to hash them could take for ever
            if isinstance(key, str | int):
                target[key] = value

    def dictionary(self, items: list[object]) -> None:
        self.push({})
        self.assign(items)

    def frozen_set(self) -> None:
        self.marked()
        self.push(Opaque("builtins.frozenset"))

    def persistent(self) -> None:
        (given,) = self.top(1)
        if isinstance(given, tuple) and given[:1] == ("module",) and len(given) > 1:
            self.stack.append(given[1])  # the class of a network, with its source text
            return
        storage = _storage(given)
        self.storages.setdefault(storage.key, storage)
        self.stack.append(storage)


def _storage(given: object) -> Storage:
    """The storage that a file speaks of: ('storage', class, key, device, length) and, in old files, a part of it."""
    if not isinstance(given, tuple) or len(given) not in (5, 6) or given[0] != "storage":
        raise Unclear("it points to something that is no storage")
    _, type_, key, _, length, *rest = given
    kind = storage_type(type_.name) if isinstance(type_, Name) else None
    if kind is None or not isinstance(key, str) or not sensible([length]):
        raise Unclear("the description of a storage makes no sense")
    part = rest[0] if rest else None
    if part is None:
        return Storage(key, DTYPES.get(kind), length, kind=kind)
    if not isinstance(part, tuple) or len(part) != 3 or not sensible(part[1:]) or part[1] + part[2] > length:
        raise Unclear("the description of a part of a storage makes no sense")
    return Storage(key, DTYPES.get(kind), length, start=part[1], kind=kind)


_Action = Callable[[_Machine, Any], object]


def _push(make: Callable[[], object]) -> _Action:
    return lambda machine, _: machine.push(make())


def _tuple(count: int) -> _Action:
    return lambda machine, _: machine.push(machine.top(count))


_ACTIONS: dict[str, _Action] = {
    "PROTO": lambda machine, _: None,
    "FRAME": lambda machine, _: None,
    "STOP": lambda machine, _: None,
    "NONE": _push(lambda: None),
    "NEWTRUE": _push(lambda: True),
    "NEWFALSE": _push(lambda: False),
    "EMPTY_DICT": _push(dict),
    "EMPTY_LIST": _push(list),
    "EMPTY_TUPLE": _push(tuple),
    "EMPTY_SET": _push(lambda: Opaque("builtins.set")),
    "MARK": lambda machine, _: machine.mark(),
    "POP": lambda machine, _: machine.top(1),
    "POP_MARK": lambda machine, _: machine.marked(),
    "DUP": lambda machine, _: machine.push(machine.stack[-1]),
    "TUPLE": lambda machine, _: machine.push(tuple(machine.marked())),
    "TUPLE1": _tuple(1),
    "TUPLE2": _tuple(2),
    "TUPLE3": _tuple(3),
    "LIST": lambda machine, _: machine.push(machine.marked()),
    "DICT": lambda machine, _: machine.dictionary(machine.marked()),
    "FROZENSET": lambda machine, _: machine.frozen_set(),
    "ADDITEMS": lambda machine, _: machine.marked(),
    "APPEND": lambda machine, _: machine.extend(list(machine.top(1))),
    "APPENDS": lambda machine, _: machine.extend(machine.marked()),
    "SETITEM": lambda machine, _: machine.assign(machine.top(2)),
    "SETITEMS": lambda machine, _: machine.assign(machine.marked()),
    "PUT": lambda machine, key: machine.remember(key),
    "BINPUT": lambda machine, key: machine.remember(key),
    "LONG_BINPUT": lambda machine, key: machine.remember(key),
    "MEMOIZE": lambda machine, _: machine.remember(len(machine.memo)),
    "GET": lambda machine, key: machine.push(machine.memo[key]),
    "BINGET": lambda machine, key: machine.push(machine.memo[key]),
    "LONG_BINGET": lambda machine, key: machine.push(machine.memo[key]),
    "GLOBAL": lambda machine, name: machine.ask(name.replace(" ", ".", 1)),
    "STACK_GLOBAL": lambda machine, _: machine.ask_from_stack(),
    "REDUCE": lambda machine, _: machine.call(),
    "NEWOBJ": lambda machine, _: machine.call(),
    "NEWOBJ_EX": lambda machine, _: machine.call_with_keywords(),
    "INST": lambda machine, name: machine.instance(name),
    "OBJ": lambda machine, _: machine.instance_from_stack(),
    "BUILD": lambda machine, _: machine.build(),
    "BINPERSID": lambda machine, _: machine.persistent(),
}
