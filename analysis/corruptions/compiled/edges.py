"""Edges and distances to them for sixteen images side by side; what they are is said in `analysis.corruptions.edges`.

A plane is int16 [H + 4, (W + 4) LANES]: sixteen images, whose values for one pixel are neighbours, with a frame of two
pixels. A step to the next column is `LANES` places.
"""

import numpy as np

from analysis.corruptions.compiled import loop, part

LANES = 16
L = LANES
i2 = np.int16
i4 = np.int32


@loop
def frame(plane: np.ndarray, mirror: bool) -> None:
    """Fill one pixel of the frame: the pixel next to the edge pixel, or the edge pixel itself."""
    height, n = plane.shape[0] - 4, plane.shape[1] - 4 * L
    down, across = int(mirror and height > 1), int(mirror and n > L) * L
    for row in range(1, height + 3):
        source, line = plane[min(max(row, 2 + down * (row < 2)), height + 1 - down * (row > height + 1))], plane[row]
        for i in range(2 * L, n + 2 * L):
            line[i] = source[i]
        for lane in range(L):
            line[L + lane] = line[2 * L + across + lane]
            line[n + 2 * L + lane] = line[n + L - across + lane]


def canny(plane: np.ndarray, low: int, high: int) -> np.ndarray:
    """Edges of a plane, which gets a frame: a plane of 2 where there are some."""
    across, down, size, edges = (np.zeros_like(plane) for _ in range(4))
    frame(plane, False)
    _sobel(plane, across, down, size)
    _ridge(size, across, down, edges, low, high)
    _link(edges, np.empty(plane.shape[1] - 4 * L, np.int16))
    return edges


@loop
def _sobel(plane: np.ndarray, across: np.ndarray, down: np.ndarray, size: np.ndarray) -> None:
    n = plane.shape[1] - 4 * L
    for row in range(2, plane.shape[0] - 2):
        above, here, below = plane[row - 1, L:], plane[row, L:], plane[row + 1, L:]
        right, under, total = across[row], down[row], size[row, 2 * L :]
        for i in range(n):
            a, b, c = above[i], above[i + L], above[i + 2 * L]
            d, e = here[i], here[i + 2 * L]
            f, g, h = below[i], below[i + L], below[i + 2 * L]
            x, y = i2(c - a + 2 * (e - d) + h - f), i2(f - a + 2 * (g - b) + h - c)
            right[i], under[i] = x, y
            total[i] = i2(abs(x) + abs(y))


@loop
def _ridge(size: np.ndarray, across: np.ndarray, down: np.ndarray, edges: np.ndarray, low: int, high: int) -> None:
    """2 where a gradient is above `high` and largest across the edge, 1 where it is above `low`, else 0."""
    n = size.shape[1] - 4 * L
    for row in range(2, size.shape[0] - 2):
        above, here, below = size[row - 1, L:], size[row, L:], size[row + 1, L:]
        right, under, result = across[row], down[row], edges[row, 2 * L :]
        for i in range(n):
            a, b, c = above[i], above[i + L], above[i + 2 * L]
            d, m, e = here[i], here[i + L], here[i + 2 * L]
            f, g, h = below[i], below[i + L], below[i + 2 * L]
            x, y = i4(right[i]), i4(under[i])
            wide = i4(abs(x))
            flat, steep = i4(wide * 13573), i4(abs(y) << 15)
            level, upright = (m > d) & (m >= e), (m > b) & (m >= g)
            slanted = ((m > c) & (m > f)) if (x ^ y) < 0 else ((m > a) & (m > h))
            upper = upright if steep > i4(flat + (wide << 16)) else slanted
            largest = level if steep < flat else upper
            result[i] = i2(i2(largest & (m > low)) + i2(largest & (m > high)))


@loop
def _link(edges: np.ndarray, new: np.ndarray) -> None:
    """Turn 1 to 2 wherever it hangs together with a 2; sweeps down and up until nothing changes."""
    height, n = edges.shape[0] - 4, len(new)
    changed = True
    while changed:
        changed = False
        for turn in range(2 * height):
            row = turn + 2 if turn < height else 2 * height + 1 - turn
            if _grow(edges[row - 1, L:], edges[row, L:], edges[row + 1, L:], new):
                changed = True
                line = edges[row, 2 * L :]
                for i in range(n):
                    line[i] = new[i]


@part
def _grow(above: np.ndarray, here: np.ndarray, below: np.ndarray, new: np.ndarray) -> bool:
    """A row with 2 for each 1 that touches one; whether there was any."""
    changed = i2(0)
    for i in range(len(new)):
        top = above[i] | above[i + L] | above[i + 2 * L]
        bottom = below[i] | below[i + L] | below[i + 2 * L]
        near, own = top | here[i] | here[i + 2 * L] | bottom, here[i + L]
        grown = i2(own + (own & (near >> 1)))
        new[i] = grown
        changed |= i2(grown ^ own)
    result: bool = changed != 0
    return result


@loop
def distances(edges: np.ndarray, limit: int) -> None:
    """Replace a plane of edges (2) by how far pixels are from them, at most `limit` pixels, in 1/1024 pixel.

    Two sweeps suffice: steps in a shortest path can be put in such an order that it first goes down, then up.
    """
    height, n = edges.shape[0] - 4, edges.shape[1] - 4 * L
    farthest = i2(limit * 1024)
    for row in range(height + 4):
        line = edges[row]
        for i in range(len(line)):
            line[i] = i2(0) if line[i] == 2 else farthest
    for row in range(2, height + 2):
        line = edges[row]
        _reach(edges[row - 1], edges[row - 2], line, n)
        for i in range(2 * L, n + 2 * L):
            line[i] = min(line[i], i2(line[i - L] + 1024))
    for row in range(height + 1, 1, -1):
        line = edges[row]
        _reach(edges[row + 1], edges[row + 2], line, n)
        for column in range(n // L, 1, -1):
            here, right = line[column * L : (column + 1) * L], line[(column + 1) * L : (column + 2) * L]
            for lane in range(L):
                here[lane] = min(here[lane], i2(right[lane] + 1024))


@part
def _reach(near: np.ndarray, far: np.ndarray, line: np.ndarray, n: int) -> None:
    """What is reached from the next row and the one after: steps straight, across a corner, and a knight's."""
    here = line[2 * L :]
    for i in range(n):
        straight = i2(near[i + 2 * L] + 1024)
        corner = i2(min(near[i + L], near[i + 3 * L]) + 1434)
        knight = i2(min(min(near[i], near[i + 4 * L]), min(far[i + L], far[i + 3 * L])) + 2250)
        here[i] = min(min(here[i], straight), min(corner, knight))
