"""The colours of web/static/css/base.css hold the contrasts that people in sunlight and in the dark need."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CSS = Path(__file__).parents[2] / "web" / "static" / "css"
TOKEN = re.compile(r"--([a-z-]+):\s*light-dark\((#[0-9a-f]{6}),\s*(#[0-9a-f]{6})\)")
TOKENS = {name: (light, dark) for name, light, dark in TOKEN.findall((CSS / "base.css").read_text(encoding="utf-8"))}

BACKGROUNDS = ("canvas", "surface", "sunken")
SOFT = ("accent-soft", "ok-soft", "warn-soft", "danger-soft")
TEXT, CONTROL = 4.5, 3.0

# (foreground, background, least contrast by WCAG 2.2 AA)
PAIRS = [
    *((ink, ground, TEXT) for ink in ("ink", "muted") for ground in BACKGROUNDS + SOFT),
    *((colour, ground, TEXT) for colour in ("accent", "ok", "warn", "danger") for ground in BACKGROUNDS),
    *((soft.removesuffix("-soft"), soft, TEXT) for soft in SOFT),
    ("accent", "danger-soft", TEXT),  # a link in a notice
    ("accent", "warn-soft", TEXT),
    ("danger", "accent-soft", TEXT),  # "late" in a row under the pointer
    ("on-accent", "accent", TEXT),
    *(("edge", ground, CONTROL) for ground in ("canvas", "surface")),
    *(("focus", ground, CONTROL) for ground in BACKGROUNDS + SOFT),
]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("foreground", "background", "least"), PAIRS, ids=[f"{f}-on-{b}" for f, b, _ in PAIRS])
def test_colours_can_be_told_apart(foreground, background, least, scheme):
    assert contrast(TOKENS[foreground][scheme], TOKENS[background][scheme]) >= least


def test_black_on_white_is_twenty_one():
    assert round(contrast("#000000", "#ffffff"), 1) == 21


def test_no_colour_stands_outside_the_tokens():
    """A colour written elsewhere would be measured by nobody."""
    for sheet in CSS.glob("*.css"):
        if sheet.name != "base.css":
            assert re.findall(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(", sheet.read_text(encoding="utf-8")) == []


def contrast(one: str, other: str) -> float:
    """WCAG's contrast ratio of two '#rrggbb' colours."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    red, green, blue = (linear(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
