"""Colours as lightness, chroma and hue in Oklab (Ottosson 2020), where equal steps look equal."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_FROM_LMS, _FROM_LAB = np.linalg.inv(_TO_LMS), np.linalg.inv(_TO_LAB)


class Oklch(NamedTuple):
    """Lightness in [0, 1], chroma (0 is grey, about 0.3 the most vivid), hue in degrees."""

    lightness: float
    chroma: float
    hue: float


@lru_cache(maxsize=4096)
def to_hex(colour: Oklch) -> str:
    """The colour as `#rrggbb`. What a screen cannot show loses chroma, never lightness or hue."""
    low, high = 0.0, colour.chroma
    if not _shown(colour._replace(chroma=high)):
        for _ in range(20):
            middle = (low + high) / 2
            low, high = (middle, high) if _shown(colour._replace(chroma=middle)) else (low, middle)
        colour = colour._replace(chroma=low)
    linear = np.clip(_linear(colour), 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return "#" + "".join(f"{round(255 * value):02x}" for value in encoded)


def to_linear(colour: str) -> np.ndarray:
    """`#rrggbb` as linear-light red, green and blue in [0, 1]."""
    encoded = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def contrast(first: str, second: str) -> float:
    """The contrast ratio of two colours as WCAG 2 defines it: 1 (the same) to 21 (black on white)."""
    luminances = sorted(float(to_linear(colour) @ [0.2126, 0.7152, 0.0722]) for colour in (first, second))
    return (luminances[1] + 0.05) / (luminances[0] + 0.05)


def fade(colour: str, opacity: float) -> str:
    """The colour as an `rgba()` of that opacity in [0, 1]."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


def readable_on(background: str, dark: str = "#10151d", light: str = "#ffffff") -> str:
    """Which of two inks reads better on the background."""
    return max((dark, light), key=lambda ink: contrast(background, ink))


@lru_cache(maxsize=4096)
def as_text(colour: str, background: str, least: float = 4.5) -> str:
    """The colour, as much nearer to black or white as text in it needs for a contrast of `least` (WCAG 2, AA)."""
    ink = readable_on(background)
    for share in np.linspace(0, 1, 41):
        mixed = [
            round((1 - share) * int(colour[at : at + 2], 16) + share * int(ink[at : at + 2], 16)) for at in (1, 3, 5)
        ]
        found = "#" + "".join(f"{part:02x}" for part in mixed)
        if contrast(found, background) >= least:
            break
    return found


def _linear(colour: Oklch) -> np.ndarray:
    angle = np.radians(colour.hue)
    lab = np.array([colour.lightness, colour.chroma * np.cos(angle), colour.chroma * np.sin(angle)])
    return np.asarray(_FROM_LMS @ (_FROM_LAB @ lab) ** 3)


def _shown(colour: Oklch) -> bool:
    linear = _linear(colour)
    return bool((linear >= -1e-6).all() and (linear <= 1 + 1e-6).all())
