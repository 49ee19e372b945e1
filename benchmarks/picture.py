"""Draws ratios as bars, for docs/."""

from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

_WIDTH, _ROW, _LEFT, _TOP = 720, 30, 190, 62
_PER_RATIO = 400


def draw(
    path: Path,
    title: str,
    rows: Sequence[tuple[str, float]],
    *,
    wanted: float | None = None,
    least: Sequence[float] = (),
) -> None:
    """Write an SVG of bars.

    Args:
        path: the file.
        title: what is drawn.
        rows: names and ratios; 1 is as long as the peer takes.
        wanted: the ratio that was aimed at, if any.
        least: for each row what every copy needs, the dark part of its bar.
    """
    height = _TOP + _ROW * len(rows) + 16
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
            'font-family="system-ui, sans-serif" font-size="13">'
        ),
        f'<rect width="{_WIDTH}" height="{height}" rx="8" fill="#ffffff"/>',
        f'<text x="16" y="26" font-size="15" font-weight="600">{escape(title)}</text>',
    ]
    lines = [(1.0, "as the peer", "start")]
    if wanted is not None:
        lines.append((wanted, f"wanted: {wanted:.2f}", "end"))
    for ratio, text, anchor in lines:
        x = _LEFT + ratio * _PER_RATIO
        parts.append(
            f'<path d="M{x:.0f} {_TOP - 6}V{height - 10}" stroke="#8c959f" stroke-dasharray="3 3"/>'
            f'<text x="{x:.0f}" y="{_TOP - 12}" font-size="11" text-anchor="{anchor}" '
            f'fill="#57606a">{text}</text>'
        )
    for number, (name, ratio) in enumerate(rows):
        y = _TOP + number * _ROW
        colour = "#2da44e" if ratio <= (wanted or 1) else "#bf8700"
        parts.append(
            f'<text x="{_LEFT - 8}" y="{y + 17}" text-anchor="end">{escape(name)}</text>'
            f'<rect x="{_LEFT}" y="{y + 4}" width="{ratio * _PER_RATIO:.0f}" height="18" rx="3" '
            f'fill="{colour}"/>'
            # White around it, as it may stand on a line.
            f'<text x="{_LEFT + ratio * _PER_RATIO + 6:.0f}" y="{y + 17}" stroke="#ffffff" '
            f'stroke-width="4" paint-order="stroke">{ratio:.2f}</text>'
        )
    for number, ratio in enumerate(least):
        y = _TOP + number * _ROW
        parts.append(
            f'<rect x="{_LEFT}" y="{y + 4}" width="{ratio * _PER_RATIO:.0f}" height="18" rx="3" '
            'fill="#116329"/>'
        )
    path.write_text("\n".join([*parts, "</svg>"]) + "\n")
