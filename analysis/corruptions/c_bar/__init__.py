"""ImageNet-C-bar and CIFAR-10-C-bar: corruptions chosen to be unlike those of CIFAR-10-C and ImageNet-C.

Mintun, Kirillov & Xie, "On Interaction Between Augmentations and Corruptions in Natural Corruption Robustness" (NeurIPS
2021). Each has a level of 0 to 10, from which its parameters follow, and five published levels for 32 pixels, for 224,
or for both. Lengths are shares of the shorter side. Images that are not square are as published along that side.
"""

from analysis.corruptions.c_bar import lenses, noise, shapes, warps, waves
from analysis.corruptions.corruption import Corruption, Function, Group, Row

Levels = tuple[float, float, float, float, float]
Line = tuple[float, float]
"""What a parameter is at level 0, and by how much it grows with the level."""


def _corruption(
    function: Function, group: Group, family: str, lines: dict[str, Line], levels: dict[int, Levels], label: str = ""
) -> Corruption:
    name = function.__name__
    rows = {size: tuple(_row(lines, level) for level in each) for size, each in levels.items()}
    return Corruption(
        name, label or name.replace("_", " ").capitalize(), group, function, tuple(lines), rows, family=family
    )


def _row(lines: dict[str, Line], level: float) -> Row:
    return tuple(start + slope * level for start, slope in lines.values())


_BOTH = "c_bar"
_CIFAR = "cifar_c_bar"

CORRUPTIONS = (
    _corruption(
        noise.blue_noise_sample,
        "noise",
        _BOTH,
        {"threshold": (-2.5, 0.3)},
        {32: (0.7, 1.4, 2.1, 3.5, 4.2), 224: (0.8, 1.6, 2.4, 4.0, 5.6)},
    ),
    _corruption(
        noise.brownish_noise,
        "noise",
        _BOTH,
        {"deviation": (0, 6.4)},
        {32: (2.5, 4.0, 5.5, 6.5, 7.0), 224: (1.0, 2.0, 3.0, 4.0, 5.0)},
    ),
    _corruption(
        warps.caustic_refraction,
        "geometric",
        _BOTH,
        {"lens": (0, 0.05), "lighting": (0, 0.2)},
        {224: (2.35, 3.2, 4.9, 6.6, 9.15)},
    ),
    _corruption(
        shapes.checkerboard_cutout,
        "drawn",
        _BOTH,
        {"share": (0, 0.1)},
        {32: (1.0, 2.0, 3.0, 4.0, 5.0), 224: (2.0, 3.0, 4.0, 5.0, 6.0)},
        "Checkerboard cut-out",
    ),
    _corruption(
        waves.cocentric_sine_waves,
        "frequency",
        _BOTH,
        {"amplitude": (0, 12.8)},
        {224: (3.0, 5.0, 8.0, 9.0, 10.0)},
    ),
    _corruption(
        shapes.inverse_sparkles,
        "drawn",
        _BOTH,
        {"sharpness": (0, 0.13)},
        {32: (1.0, 1.5, 2.5, 4.5, 5.0), 224: (1.0, 2.0, 4.0, 9.0, 10.0)},
    ),
    _corruption(noise.perlin_noise, "noise", _BOTH, {"share": (0, 0.05)}, {224: (4.6, 5.2, 5.8, 7.6, 8.8)}),
    _corruption(waves.plasma_noise, "noise", _BOTH, {"share": (0, 6.4 / 255)}, {224: (4.75, 7.0, 8.5, 9.25, 10.0)}),
    _corruption(
        waves.single_frequency_greyscale,
        "frequency",
        _BOTH,
        {"amplitude": (0, 19.6)},
        {224: (1.0, 1.5, 2.0, 4.5, 5.0)},
    ),
    _corruption(
        shapes.sparkles,
        "drawn",
        _BOTH,
        {"radius": (0, 0.01)},
        {32: (0.7, 3.5, 5.6, 6.3, 7.0), 224: (1.0, 2.0, 3.0, 5.0, 6.0)},
    ),
    _corruption(lenses.circular_motion_blur, "blur", _CIFAR, {"degrees": (0, 1.5)}, {32: (2.8, 3.6, 4.4, 5.2, 6.0)}),
    _corruption(shapes.lines, "drawn", _CIFAR, {"density": (0, 0.1)}, {32: (0.5, 1.0, 1.5, 2.0, 2.5)}),
    _corruption(
        warps.pinch_and_twirl,
        "geometric",
        _CIFAR,
        {"angle": (0, 0.15707963267948966), "amount": (0.1, 0.04)},
        {32: (5.5, 6.0, 6.5, 8.5, 10.0)},
    ),
    _corruption(warps.ripple, "geometric", _CIFAR, {"amplitude": (0, 0.0025)}, {32: (5.5, 6.0, 6.5, 7.5, 8.0)}),
    _corruption(
        lenses.transverse_chromatic_abberation,
        "digital",
        _CIFAR,
        {"growth": (0, 0.05)},
        {32: (1.0, 2.0, 5.0, 9.0, 10.0)},
    ),
)
