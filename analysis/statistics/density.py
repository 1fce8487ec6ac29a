"""Densities of points, for contours and for curves: histograms smoothed by a Gaussian."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter, gaussian_filter1d


def mass_inside(
    x: np.ndarray, y: np.ndarray, x_range: tuple[float, float], y_range: tuple[float, float], cells: int = 64
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where the points lie, as highest-density regions.

    Args:
        x: finite coordinates [N].
        y: finite coordinates [N].
        x_range: from left to right of the rectangle looked at.
        y_range: from its bottom to its top.
        cells: how many, along each axis.

    Returns (z, x_centres, y_centres), z [cells, cells] with rows along y. z = 1 - share of the points' mass that lies
    where the density is at least as high, so that the line z = 0.1 encloses 90 % of it. All zero without points.
    """
    counts, y_edges, x_edges = np.histogram2d(y, x, bins=cells, range=[y_range, x_range])
    widths = [max(1.2, _bandwidth(v) / (high - low) * cells) for v, (low, high) in ((y, y_range), (x, x_range))]
    density = gaussian_filter(counts, widths, mode="constant")
    total = density.sum()
    order = np.argsort(-density, axis=None, kind="stable")
    z = np.zeros(density.size)
    if total > 0:
        flat = density.ravel()[order]
        # A cell's own mass counts by half: the peak is not outside of its own region.
        z[order] = np.clip(1 - (np.cumsum(flat) - flat / 2) / total, 0, 1)
        z[density.ravel() <= 0] = 0
    return z.reshape(density.shape), _centres(x_edges), _centres(y_edges)


def curve(values: np.ndarray, limits: tuple[float, float], cells: int = 512) -> tuple[np.ndarray, np.ndarray]:
    """Density of the values over `limits`: (centres [cells], density [cells] per unit of the values, area 1).

    Zero everywhere when there are no values within the limits.
    """
    counts, edges = np.histogram(values, bins=cells, range=limits)
    step = edges[1] - edges[0]
    smooth = gaussian_filter1d(counts.astype(float), max(2.0, _bandwidth(values) / step), mode="constant")
    return _centres(edges), smooth / (smooth.sum() * step) if smooth.sum() > 0 else smooth


def _bandwidth(values: np.ndarray) -> float:
    """Silverman's rule (1986, eq. 3.31), for a spread that outliers do not widen."""
    if len(values) < 2:
        return 0.0
    low, high = np.percentile(values, [25, 75])
    spread = min(float(np.std(values)), float(high - low) / 1.34) or float(np.std(values))
    return float(0.9 * spread * len(values) ** -0.2)


def _centres(edges: np.ndarray) -> np.ndarray:
    return np.asarray((edges[:-1] + edges[1:]) / 2)
