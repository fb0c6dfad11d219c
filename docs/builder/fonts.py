"""The font of the formulas: the letters of STIX Two Math that they use, since not every system can set mathematics."""

import html
import re
from importlib.resources import files
from pathlib import Path

from fontTools import subset

# Browsers replace single letters by those of the mathematical alphabets.
ITALIC = {*range(0x1D434, 0x1D468), *range(0x1D6E2, 0x1D71C), 0x210E}
RADICAL = 0x221A  # of roots: no text holds it


def write(formulas: str, path: Path) -> None:
    """Write the font for all MathML elements in a text."""
    found = " ".join(re.findall(r"<math.*?</math>", formulas, re.DOTALL))
    letters = set(map(ord, html.unescape(re.sub(r"<[^>]*>", "", found))))
    options = subset.Options(layout_features=["*"], name_IDs=["*"], notdef_outline=True)
    with files("ziamath.fonts").joinpath("STIXTwoMath-Regular.ttf").open("rb") as source:
        font = subset.load_font(source, options)
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=letters | ITALIC | {RADICAL} | set(range(0x20, 0x7F)))
        subsetter.subset(font)
        subset.save_font(font, path, options)
