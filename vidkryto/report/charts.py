"""Small charts as inline SVG: a strip of outcomes and a line of measurements; each has a table beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from vidkryto.report.words import Words

ICONS: Mapping[str, Markup] = {  # drawn on 24 by 24
    "published": Markup('<circle cx="12" cy="12" r="9"/><path d="M8 12.4l2.8 2.8L16.2 9.4"/>'),
    "exception": Markup('<circle cx="12" cy="12" r="9"/><path d="M12 7.5v5.5"/><path d="M12 16.4v.2"/>'),
    "blocked": Markup('<path d="M8.3 3h7.4L21 8.3v7.4L15.7 21H8.3L3 15.7V8.3z"/><path d="M9 9l6 6M15 9l-6 6"/>'),
    "failed": Markup('<path d="M12 3.5L22 20.5H2z"/><path d="M12 10v4.5"/><path d="M12 17.4v.2"/>'),
    "late": Markup('<circle cx="12" cy="12" r="9"/><path d="M12 7v5.2l3.4 2.2"/>'),
    "withdrawn": Markup('<path d="M4 9h11a5 5 0 0 1 0 10H9"/><path d="M8 5L4 9l4 4"/>'),
    "new": Markup('<circle cx="12" cy="12" r="9" stroke-dasharray="3.2 2.6"/><path d="M8 12h8"/>'),
    "unchanged": Markup('<circle cx="12" cy="12" r="9"/><path d="M8 10h8M8 14h8"/>'),
}
STATUS_OF_OUTCOME = {"Published": "published", "Unchanged": "unchanged", "Withheld": "blocked", "Failed": "failed"}
STATUS_OF_SEVERITY = {"error": "blocked", "warning": "late", "note": "exception"}


def icon(status: str) -> Markup:
    """A status' own shape, so that it does not rest on colour; the word always stands beside it."""
    return Markup('<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{}</svg>').format(
        ICONS[status]
    )


def run_strip(outcomes: Sequence[str], words: Words) -> Markup:
    """The outcomes of the last runs, oldest first, as a row of shapes."""
    cell = 30
    parts = [
        Markup('<g class="{}" transform="translate({} 2)">{}</g>').format(
            STATUS_OF_OUTCOME[outcome], number * cell, ICONS[STATUS_OF_OUTCOME[outcome]]
        )
        for number, outcome in enumerate(outcomes)
    ]
    label = words("runs-chart", words=", ".join(words(f"outcome-{outcome}").lower() for outcome in outcomes))
    width = max(1, len(outcomes)) * cell
    return Markup(
        '<svg class="strip" viewBox="0 0 {} 28" width="{}" height="28" role="img" aria-label="{}">{}</svg>'
    ).format(width, width, label, Markup("").join(parts))


def metric_line(name: str, points: Sequence[tuple[str, str]], words: Words) -> Markup:
    """One measurement over time: a line with its lowest, highest and last value written out."""
    values = [float(value) for _, value in points]
    low, high = min(values), max(values)
    span, wide, tall, pad = (high - low) or 1.0, 320.0, 72.0, 6.0
    step = (wide - 2 * pad) / (len(values) - 1)
    spots = [
        (round(pad + number * step, 1), round(pad + (tall - 2 * pad) * (1 - (value - low) / span), 1))
        for number, value in enumerate(values)
    ]
    if low == high:
        spots = [(x, tall / 2) for x, _ in spots]
    line = " ".join(f"{x:g},{y:g}" for x, y in spots)
    area = f"{spots[0][0]:g},{tall:g} {line} {spots[-1][0]:g},{tall:g}"
    label = words(
        "metric-chart",
        name=name,
        low=words.measure(str(low)),
        high=words.measure(str(high)),
        last=words.measure(points[-1][1]),
    )
    return Markup(
        '<svg class="line" viewBox="0 0 320 72" role="img" aria-label="{}" preserveAspectRatio="none">'
        '<polygon points="{}"/><polyline points="{}"/></svg>'
    ).format(label, area, line)
