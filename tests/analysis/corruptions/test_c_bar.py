"""C-bar beside the same formulas written out pixel by pixel, and beside scipy."""

from collections.abc import Callable
from math import atan2, ceil, cos, exp, floor, pi, sin, sqrt

import numpy as np
import pytest
import torch
from scipy import ndimage

from analysis.corruptions import SEVERITIES, corrupt, get_corruption
from analysis.corruptions.random import WORDS, Draws, standard_normal
from tests.analysis.corruptions.pictures import flat, pictures

SIZE, COUNT = 21, 3
Reference = Callable[[np.ndarray, tuple[float, ...], np.ndarray], np.ndarray]


def single_frequency_greyscale(image: np.ndarray, parameters: tuple[float, ...], u: np.ndarray) -> np.ndarray:
    larger = -pi + 2 * pi * u[0]
    smaller = -abs(larger) + 2 * abs(larger) * u[1]
    first, second = (larger, smaller) if u[2] >= 0.5 else (smaller, larger)
    wave = [[sin(x * first + y * second + 2 * pi * u[3]) for x in range(SIZE)] for y in range(SIZE)]
    return image + parameters[0] * np.array(wave)[..., None]


def cocentric_sine_waves(image: np.ndarray, parameters: tuple[float, ...], u: np.ndarray) -> np.ndarray:
    x0, y0, frequency, swing, ring = u[0] * SIZE, u[1] * SIZE, 10 * u[2], u[3] * SIZE / 10, u[4] * SIZE / 10

    def saw(x: int, y: int) -> float:
        distance = sqrt((x - x0) ** 2 + (y - y0) ** 2) + sin(atan2(x - x0, y - y0) * frequency) * swing
        return (distance % ring) / ring - 0.5

    return image + parameters[0] * np.array([[saw(x, y) for x in range(SIZE)] for y in range(SIZE)])[..., None]


def plasma_noise(image: np.ndarray, parameters: tuple[float, ...], u: np.ndarray) -> np.ndarray:
    time, rounds, sharp, scale = 6 * pi * u[0], int(4 + 3 * u[1]), 0.5 + 0.5 * u[2], (0.075 + 0.125 * u[3]) * SIZE

    def colour(x: float, y: float) -> list[float]:
        factors = [1.0, 1.0, 1.0]
        for _ in range(rounds):
            a = cos(y * factors[0] + time / factors[1]) / factors[2]
            b = sin(x * factors[0] + time / factors[1]) / factors[2]
            x, y = x + a - 0.3 * b, y + b + 0.3 * a
            factors = [factors[0] * 1.93, factors[1] * 1.15, factors[2] * (2.25 - sharp)]
        return [sin(x - time), sin((x + y + sin(time)) / 2), sin(y + time)]

    field = np.array([[colour(x / scale, y / scale) for x in range(SIZE)] for y in range(SIZE)])
    return (1 - parameters[0]) * image + 255 * parameters[0] * field


def _star(u: np.ndarray, middle: tuple[float, float], lengths: list[float], power: float) -> np.ndarray:
    cover = np.zeros((SIZE, SIZE, 1))
    for y in range(SIZE):
        for x in range(SIZE):
            down, across = y - middle[0], x - middle[1]
            turn = (atan2(across, down) + pi) / (2 * pi) * len(lengths)
            ray, part = int(turn), turn - int(turn)
            one, other = lengths[ray % len(lengths)], lengths[(ray + 1) % len(lengths)]
            reach = ((one + part * (other - one)) ** 2 / (down**2 + across**2 + 1e-4)) ** power
            cover[y, x] = min(1, (1 - (part - 0.5) ** 2) * reach)
    return cover


def _normals(u: np.ndarray) -> np.ndarray:
    return standard_normal().numpy()[(u * WORDS).astype(int)]


def sparkles(image: np.ndarray, parameters: tuple[float, ...], u: np.ndarray) -> np.ndarray:
    for star in u[: 5 * 203].reshape(5, 203):
        radius = parameters[0] * SIZE
        lengths = [max(1, radius + 0.25 * radius * z) for z in _normals(star[3:])[: int(50 + 150 * star[2])]]
        image = image + _star(star, (star[0] * SIZE, star[1] * SIZE), lengths, 1) * (255 - image)
    return image


def inverse_sparkles(image: np.ndarray, parameters: tuple[float, ...], u: np.ndarray) -> np.ndarray:
    middle = ((0.25 + 0.5 * u[0]) * SIZE, (0.25 + 0.5 * u[1]) * SIZE)
    lengths = [0.25 * SIZE * (1 + 0.25 * z) for z in _normals(u[3:203])[: int(50 + 150 * u[2])]]
    return 255 + _star(u, middle, lengths, parameters[0]) * (image - 255)


def checkerboard_cutout(image: np.ndarray, parameters: tuple[float, ...], u: np.ndarray) -> np.ndarray:
    angle, side, result = 2 * pi * u[0], (0.1 + 0.15 * u[1]) * SIZE, image.copy()
    drawn = u[2:1602].reshape(40, 40) < parameters[0]
    for y in range(SIZE):
        for x in range(SIZE):
            a = (cos(angle) * y + sin(angle) * x) / side
            b = (-sin(angle) * y + cos(angle) * x) / side
            if int(a % 2) == int(b % 2) and drawn[int(a), int(b)]:
                result[y, x] = 128
    return result


def _noise(power: np.ndarray, u: np.ndarray) -> np.ndarray:
    half = SIZE * SIZE // 2 + 1
    phases = 2 * pi * np.concatenate([u[:half], u[: half - 1][::-1]]).reshape(SIZE, SIZE)
    turned = [np.arange(SIZE) - SIZE // 2] * 2
    rows, columns = np.meshgrid(*turned, indexing="ij")
    noise = np.zeros((SIZE, SIZE))
    for y in range(SIZE):
        for x in range(SIZE):
            noise[y, x] = (power * np.cos(2 * pi * (rows * y + columns * x) / SIZE + phases)).sum()
    return noise / noise.std()


def blue_noise_sample(image: np.ndarray, parameters: tuple[float, ...], u: np.ndarray) -> np.ndarray:
    power = [[sqrt((x - SIZE // 2) ** 2 + (y - SIZE // 2) ** 2) for x in range(SIZE)] for y in range(SIZE)]
    return image * (_noise(np.array(power), u) > parameters[0])[..., None]


def brownish_noise(image: np.ndarray, parameters: tuple[float, ...], u: np.ndarray) -> np.ndarray:
    power = [[1 / ((x - SIZE // 2) ** 2 + (y - SIZE // 2) ** 2 + 1) for x in range(SIZE)] for y in range(SIZE)]
    half = SIZE * SIZE // 2 + 1
    channels = [_noise(np.array(power), u[c * half : (c + 1) * half]) for c in range(3)]
    return image + parameters[0] * np.stack(channels, axis=-1)


def perlin_noise(image: np.ndarray, parameters: tuple[float, ...], u: np.ndarray) -> np.ndarray:
    order = np.argsort(u[:256], kind="stable")
    gradients = 2 * u[256:768].reshape(256, 2) - 1
    gradients /= np.linalg.norm(gradients, axis=1, keepdims=True)

    def corner(left: int, top: int, x: float, y: float) -> float:
        g = gradients[order[(order[left % 256] + top) % 256]]
        return float((x - left) * g[0] + (y - top) * g[1])

    def noise(x: float, y: float) -> float:
        left, top = floor(x), floor(y)
        s, t = ((3 - 2 * part) * part**2 for part in (x - left, y - top))
        upper, lower = ((1 - s) * corner(left, row, x, y) + s * corner(left + 1, row, x, y) for row in (top, top + 1))
        return 1.5 * ((1 - t) * upper + t * lower)

    cell = 32 * SIZE / 224
    total = [
        [sum(abs(noise(f * x / cell, f * y / cell)) / f for f in (1, 2, 4, 8, 16)) for x in range(SIZE)]
        for y in range(SIZE)
    ]
    field = np.clip(0.5 * np.array(total) + 0.5, 0, 1)[..., None]
    return (1 - parameters[0]) * image + 255 * parameters[0] * field


def _read(image: np.ndarray, y: float, x: float) -> np.ndarray:
    top, left = floor(y), floor(x)
    total = np.zeros(image.shape[2])
    for row in (top, top + 1):
        for column in (left, left + 1):
            if 0 <= row < SIZE and 0 <= column < SIZE:
                total += (1 - abs(y - row)) * (1 - abs(x - column)) * image[row, column]
    return total


def caustic_refraction(image: np.ndarray, parameters: tuple[float, ...], u: np.ndarray) -> np.ndarray:
    time, size, (lens, lighting) = 0.5 + 1.5 * u[0], (0.75 + 0.5 * u[1]) * SIZE, parameters

    def light(y: float, x: float) -> float:
        p, total = ((y / size) % 1 * 2 * pi - 250, (x / size) % 1 * 2 * pi - 250), 1.0
        i = p
        for n in range(5):
            t = time * (1 - 3.5 / (n + 1))
            i = (p[0] + cos(t - i[0]) + sin(t + i[1]), p[1] + sin(t - i[1]) + cos(t + i[0]))
            total += 1 / sqrt((p[0] / (sin(i[0] + t) / 0.005)) ** 2 + (p[1] / (cos(i[1] + t) / 0.005)) ** 2)
        return float(np.clip(abs(1.17 - (total / 5) ** 1.4) ** 8, 0, 1))

    water = ndimage.gaussian_filter(np.array([[light(y, x) for x in range(SIZE)] for y in range(SIZE)]), 1)
    water = np.pad(water, 1)
    result = np.zeros(image.shape)
    for y in range(SIZE):
        for x in range(SIZE):
            down, across = water[y + 2, x + 1] - water[y, x + 1], water[y + 1, x + 2] - water[y + 1, x]
            normal = np.array([down, across, 1]) / sqrt(down**2 + across**2 + 1)
            offset = np.zeros(2)
            if normal[2] < 1 - 1e-3:
                bent = np.arcsin(np.sin(np.arccos(normal[2])) / 4)
                spectator = np.cross([0, 0, 1], normal)
                spectator /= np.linalg.norm(spectator)
                ray = np.cos(bent) * normal + np.sin(bent) * np.cross(normal, spectator)
                offset = np.round(ray[:2] * lens * SIZE, 3)
            result[y, x] = _read(image, y + offset[0], x + offset[1]) + 255 * lighting * (down - across)
    return result


def ripple(image: np.ndarray, parameters: tuple[float, ...], u: np.ndarray) -> np.ndarray:
    def moved(place: int, axis: int) -> float:
        return place + parameters[0] * SIZE * sin(
            2 * pi * place / ((0.1 + 0.2 * u[axis]) * SIZE) + 2 * pi * u[axis + 2]
        )

    return np.array([[_read(image, moved(y, 0), moved(x, 1)) for x in range(SIZE)] for y in range(SIZE)])


def pinch_and_twirl(image: np.ndarray, parameters: tuple[float, ...], u: np.ndarray) -> np.ndarray:
    side = SIZE // 3
    result = image.copy()
    for field in range(9):
        top, left, angle = field // 3 * side, field % 3 * side, parameters[0] * (1 if u[field] < 0.5 else -1)
        for y in range(top, top + side):
            for x in range(left, left + side):
                down, across = y - top - side / 2, x - left - side / 2
                away = sqrt(down**2 + across**2)
                if away <= side / 2 and round(away, 3):
                    grow = sin(pi / 2 * away / (side / 2)) ** -parameters[1]
                    turn = angle * (1 - away / (side / 2)) ** 2
                    place = complex(down, across) * grow * complex(cos(turn), sin(turn))
                    result[y, x] = _read(image, top + side / 2 + place.real, left + side / 2 + place.imag)
    return result


def lines(image: np.ndarray, parameters: tuple[float, ...], u: np.ndarray) -> np.ndarray:
    for a, b, c in u[2 : 2 + 3 * int(parameters[0] * SIZE + 1e-9)].reshape(-1, 3):
        angle = 2 * pi * (u[0] + (0.1 + 0.9 * u[1]) * (c - 0.5))
        ends = np.array([[a * SIZE + way * cos(angle) * SIZE, b * SIZE + way * sin(angle) * SIZE] for way in (-1, 1)])
        start, end = ends.astype(int)
        along = (end - start) / max(np.linalg.norm(end - start), 1)
        axis = 0 if abs(along[0]) >= abs(along[1]) else 1
        for place in np.ndindex(SIZE, SIZE):
            if min(start[axis], end[axis]) <= place[axis] <= max(start[axis], end[axis]):
                off = np.array(place) - start
                away = np.linalg.norm(off - (off @ along) * along) if along.any() else 1
                share = max(0, 1 - away)
                image[place] = np.floor((1 - share) * image[place] + share * 128 + 1e-4)
    return image


def circular_motion_blur(image: np.ndarray, parameters: tuple[float, ...], u: np.ndarray) -> np.ndarray:
    places = [2 * i / 20 - 1 for i in range(21)]
    weights = [exp(-2 * place**2) for place in places]
    turned = [ndimage.rotate(image, place * parameters[0], reshape=False) for place in places]
    return sum(w * t for w, t in zip(weights, turned, strict=True)) / sum(weights)


def transverse_chromatic_abberation(image: np.ndarray, parameters: tuple[float, ...], u: np.ndarray) -> np.ndarray:
    orders = [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]
    result = image.copy()
    for channel, place in enumerate(orders[int(6 * u[0])]):
        large = ndimage.zoom(image[..., channel], 1 + parameters[0] * place / 2, prefilter=False) + 0.5
        edge = (len(large) - SIZE) // 2
        result[..., channel] = large[edge : edge + SIZE, edge : edge + SIZE]
    return result


REFERENCES: list[Reference] = [
    blue_noise_sample,
    brownish_noise,
    caustic_refraction,
    checkerboard_cutout,
    cocentric_sine_waves,
    inverse_sparkles,
    perlin_noise,
    plasma_noise,
    single_frequency_greyscale,
    sparkles,
    circular_motion_blur,
    lines,
    pinch_and_twirl,
    ripple,
    transverse_chromatic_abberation,
]


@pytest.mark.parametrize("reference", REFERENCES, ids=lambda reference: reference.__name__)
def test_each_is_its_formula_pixel_by_pixel(reference: Reference) -> None:
    name, severity = reference.__name__, 4
    images = pictures(COUNT, 3, SIZE, SIZE)
    found = corrupt(images, name, severity, seed=7).double().numpy()
    draws = Draws.of(7, name, severity, torch.arange(COUNT))
    numbers = (draws.words(4000).double().numpy() + 0.5) / WORDS
    parameters = get_corruption(name).parameters(severity, SIZE)
    for image, drawn, got in zip(images.double().numpy(), numbers, found, strict=True):
        expected = reference(image.transpose(1, 2, 0), parameters, drawn).clip(0, 255).transpose(2, 0, 1)
        # Cut to bytes; float32 may take what is almost whole to the next one.
        off = expected - got
        assert off.min() > -0.02, off.min()
        assert off.max() < 1.02, off.max()


@pytest.mark.parametrize(
    ("name", "size", "rows"),
    [
        ("blue_noise_sample", 32, [-2.29, -2.08, -1.87, -1.45, -1.24]),
        ("blue_noise_sample", 224, [-2.26, -2.02, -1.78, -1.3, -0.82]),
        ("checkerboard_cutout", 32, [0.1, 0.2, 0.3, 0.4, 0.5]),
        ("brownish_noise", 224, [6.4, 12.8, 19.2, 25.6, 32]),
        ("perlin_noise", 64, [0.23, 0.26, 0.29, 0.38, 0.44]),
        ("circular_motion_blur", 32, [4.2, 5.4, 6.6, 7.8, 9]),
        ("single_frequency_greyscale", 224, [19.6, 29.4, 39.2, 88.2, 98]),
    ],
)
def test_severities_are_the_published_ones(name: str, size: int, rows: list[float]) -> None:
    assert [get_corruption(name).parameters(s, size)[0] for s in SEVERITIES] == pytest.approx(rows)


def test_what_the_formulas_say_of_many_images() -> None:
    grey = flat(128, 300)
    # Half of the fields of a chessboard, of which 30 %: 15 % of the pixels, whose grey is seen on black.
    cut_out = (corrupt(flat(0, 400), "checkerboard_cutout", 3) > 0).double().mean()
    assert float(cut_out) == pytest.approx(0.15, abs=0.01)
    # Noise of standard deviation 1 times 6.4 x 2.5 = 16; a cut to bytes takes half a level from the mean.
    noise = corrupt(grey, "brownish_noise", 1).double() - 128
    assert float(noise.std(dim=(2, 3)).mean()) == pytest.approx(16, abs=0.3)
    # A sine of amplitude 19.6 x 1: its mean square is half the amplitude's.
    wave = corrupt(grey, "single_frequency_greyscale", 1).double() - 127.5
    assert float((wave**2).mean()) == pytest.approx(19.6**2 / 2, rel=0.1)
    # A sawtooth from -a / 2 to a / 2 with a = 12.8 x 3: a variance of a^2 / 12.
    saw = corrupt(grey, "cocentric_sine_waves", 1).double() - 127.5
    assert float((saw**2).mean()) == pytest.approx((12.8 * 3) ** 2 / 12, rel=0.05)


def test_blue_noise_has_little_of_low_frequencies() -> None:
    kept = (corrupt(flat(255, 200, channels=1), "blue_noise_sample", 5) > 0).double()[:, 0]
    spectrum = torch.fft.fft2(kept - kept.mean(dim=(1, 2), keepdim=True)).abs().square().mean(dim=0)
    # White noise would have a ratio of 1, with an error of about 0.02.
    assert float(spectrum[:3, :3].mean()) < 0.6 * float(spectrum[14:19, 14:19].mean())
    assert ceil(100 * float(kept.mean())) in range(85, 93)  # one less the normal tail at -1.24: 0.893
