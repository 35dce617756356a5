"""From a figure to SVG inside a page: the page's own font and colours, light or dark, readable without seeing it."""

import io
import re
from collections.abc import Iterator
from hashlib import blake2b
from typing import Final, Self
from xml.etree import ElementTree as ET

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

# Text stays text: it can be searched, copied, read aloud and set in the page's font. Fixed ids: equal plots are equal bytes.
mpl.rcParams["svg.fonttype"] = "none"
mpl.rcParams["svg.hashsalt"] = "mdm"

WIDTH: Final = 440
"""Units across: the width at which text has its own size on a phone and on a desk."""
TEXT: Final = 12
INK, MUTED, GRID = "#000001", "#000002", "#000003"
FOR, AGAINST, TOTAL, SECOND = "#000004", "#000005", "#000006", "#000007"
_PAINT: Final = {
    INK: "currentColor",
    MUTED: "var(--plot-muted, #7b8494)",
    GRID: "var(--plot-grid, #8b949e44)",
    FOR: "var(--plot-for, #2a7fd4)",
    AGAINST: "var(--plot-against, #d9722a)",
    TOTAL: "var(--plot-total, #6f7d92)",
    SECOND: "var(--plot-second, #1f9d8a)",
}
"""What each colour drawn with becomes. Those after 'or' can be told on white and on black, and by the colour-blind."""

_SVG: Final = "http://www.w3.org/2000/svg"
_LINK: Final = "{http://www.w3.org/1999/xlink}href"
_LEFT_OUT: Final = frozenset({f"{{{_SVG}}}metadata", f"{{{_SVG}}}style"})
_LONG_NUMBER: Final = re.compile(r"(\d+\.\d\d)\d+")


class Plot(str):
    """A picture as SVG, to put into a page as it is; `alternative` says in words what it shows. Every text in it is escaped."""

    __slots__ = ("alternative",)
    alternative: str

    def __new__(cls, svg: str, alternative: str) -> Self:
        """Keep the picture and its words."""
        plot = super().__new__(cls, svg)
        plot.alternative = alternative
        return plot

    def __html__(self) -> str:
        """Stand in a template as markup: it is written by an XML writer, never put together from texts."""
        return str(self)


def blank(height: float, rows: int = 1, ratios: tuple[float, ...] | None = None) -> tuple[Figure, list[Axes]]:
    """Give a figure `WIDTH` wide with some axes below each other, without box and background."""
    figure = Figure(figsize=(WIDTH / 72, height / 72), dpi=72, layout="constrained")
    found = figure.subplots(rows, 1, squeeze=False, sharex=rows > 1, gridspec_kw={"height_ratios": ratios or (1,) * rows})
    figure.patch.set_visible(False)
    axes = [axis for (axis,) in found]
    for axis in axes:
        axis.patch.set_visible(False)
        axis.spines[:].set_visible(False)
        axis.tick_params(colors=MUTED, labelsize=TEXT - 1, length=0)
        axis.xaxis.label.set(color=MUTED, size=TEXT)
        axis.yaxis.label.set(color=MUTED, size=TEXT)
        axis.grid(color=GRID, linewidth=1)
        axis.set_axisbelow(True)
    return figure, axes


def finished(figure: Figure, title: str, alternative: str) -> Plot:
    """Turn a figure into SVG for a page; `title` names it, `alternative` tells in words what can be seen."""
    written = io.StringIO()
    FigureCanvasSVG(figure)
    figure.savefig(written, format="svg", metadata={"Date": None})
    root = ET.fromstring(written.getvalue())  # noqa: S314 - written a line above
    _without(root)
    name = f"plot-{blake2b(written.getvalue().encode(), digest_size=4).hexdigest()}"
    for element in root.iter():
        _repaint(element, name)
    _, _, width, height = root.attrib["viewBox"].split()
    root.attrib.pop("version")
    # The registry of prefixes is shared by the process: whoever else draws SVG may have given this namespace another one.
    for element in root.iter():
        element.tag = element.tag.removeprefix(f"{{{_SVG}}}")
    root.set("xmlns", _SVG)
    root.attrib |= {"width": width, "height": height, "class": "plot", "role": "img", "font-family": "inherit"}
    root.set("aria-labelledby", f"{name}-title {name}-alternative")
    for tag, text in (("desc", alternative), ("title", title)):
        element = ET.Element(tag, {"id": f"{name}-{'title' if tag == 'title' else 'alternative'}"})
        element.text = text
        root.insert(0, element)
    return Plot(ET.tostring(root, encoding="unicode"), alternative)


def _without(root: ET.Element) -> None:
    """Leave out what says nothing, and the style sheet, which would hold for the whole page."""
    needed = set(re.findall(r"#([\w.-]+)", " ".join(_references(root))))
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in _LEFT_OUT:
                parent.remove(child)
        if parent.get("id") not in needed:
            parent.attrib.pop("id", None)


def _references(root: ET.Element) -> Iterator[str]:
    for element in root.iter():
        yield element.get(_LINK, "")
        yield element.get("clip-path", "")


def _repaint(element: ET.Element, name: str) -> None:
    """Write styles as attributes (a strict page allows no others) in the page's colours, and make ids the plot's own."""
    for declaration in element.attrib.pop("style", "").split(";"):
        key, found, value = declaration.partition(":")
        if found and key.strip() not in {"font-family", "stroke-linejoin"}:
            element.set(key.strip(), _PAINT.get(value.strip(), value.strip()))
    if (link := element.attrib.pop(_LINK, None)) is not None:
        element.set("href", f"#{name}-{link[1:]}")
    if (clip := element.get("clip-path")) is not None:
        element.set("clip-path", clip.replace("#", f"#{name}-"))
    if (identity := element.get("id")) is not None:
        element.set("id", f"{name}-{identity}")
    if (path := element.get("d")) is not None:
        element.set("d", _LONG_NUMBER.sub(r"\1", " ".join(path.split())))
