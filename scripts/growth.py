"""Draws how long each method takes as the texts grow: an SVG, both axes logarithmic, a line a method."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

WIDTH, HEIGHT, EDGE, NAMES = 720, 380, 60, 170  # pixels; NAMES is the room on the right for the methods' names
COLOURS = ("#0b6e4f", "#1f5fa8", "#b4541a", "#7a3e9d", "#8a6d00", "#666666")
LEAST = 0.1  # ms
LINE = 15  # pixels from one name to the next
Points = Sequence[tuple[float, float]]  # texts, milliseconds


class Frame:
    """Where a number of texts and a time stand on the drawing."""

    def __init__(self, points: Points) -> None:
        sizes, times = np.log10(np.maximum(np.array(points, float), LEAST)).T
        self.sizes = sorted({size for size, _ in points})
        self.left, self.right = float(sizes.min()), max(float(sizes.max()), float(sizes.min()) + 1)
        self.low, self.high = int(np.floor(times.min())), max(int(np.ceil(times.max())), int(np.floor(times.min())) + 1)

    def place(self, size: float, milliseconds: float) -> tuple[float, float]:
        """Return x and y in pixels."""
        across = (np.log10(size) - self.left) / (self.right - self.left)
        up = (np.log10(max(milliseconds, LEAST)) - self.low) / (self.high - self.low)
        return float(EDGE + across * (WIDTH - EDGE - NAMES)), float(HEIGHT - EDGE - up * (HEIGHT - 2 * EDGE))

    def axes(self) -> Iterator[str]:
        """Yield the lines of the times and the numbers of texts."""
        for power in range(self.low, self.high + 1):
            x, y = self.place(10**self.left, 10.0**power)
            yield f'<path d="M{x:.0f} {y:.0f}H{WIDTH - NAMES}" stroke="#ddd"/>'
            yield f'<text x="{x - 6:.0f}" y="{y + 4:.0f}" text-anchor="end">{10.0**power:g} ms</text>'
        for size in self.sizes:
            x, y = self.place(size, 10.0**self.low)
            yield f'<text x="{x:.0f}" y="{y + 20:.0f}" text-anchor="middle">{size:,}</text>'

    def names(self, methods: Mapping[str, Points]) -> dict[str, float]:
        """Return how high each method's name stands: at the end of its line, and none over another."""
        ends = sorted((self.place(*max(points))[1], method) for method, points in methods.items())
        heights: dict[str, float] = {}
        for end, method in ends:
            heights[method] = max(end, max(heights.values(), default=0.0) + LINE)
        return heights

    def line(self, points: Points, colour: str) -> Iterator[str]:
        """Yield one method's line."""
        places = [self.place(*point) for point in sorted(points)]
        way = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        yield f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="2"/>'
        yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places)


def drawn(methods: Mapping[str, Points]) -> str:
    """Return the drawing of the points of each method."""
    frame = Frame([point for points in methods.values() for point in points])
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
    ]
    lines += frame.axes()
    heights = frame.names(methods)
    for colour, (method, points) in zip(itertools.cycle(COLOURS), methods.items(), strict=False):
        lines += frame.line(points, colour)
        where = f'x="{frame.place(*max(points))[0] + 8:.0f}" y="{heights[method] + 4:.0f}"'
        lines.append(f'<text {where} fill="{colour}">{method}</text>')
    return "\n".join([*lines, "</svg>\n"])
