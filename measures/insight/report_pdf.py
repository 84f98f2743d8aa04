"""The one-page report as a PDF file: letter size, light, selectable text, the chart as lines.

fpdf2 needs nothing but Python packages. (WeasyPrint would lay out the page for print, but loads
Pango, which pip does not bring and a bare server lacks.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from measures.insight.plot import Mark, Path, Plot, Words
from measures.insight.report import Report

if TYPE_CHECKING:
    import datetime as dt

    from fpdf import FPDF

MARGIN = 15.0  # mm
INK, INK_2, RULE = "#1b2527", "#435052", "#d3dad7"
# As theme.css has them in light; a test compares.
COLORS = {
    "band": "#dce8eb",
    "band-edge": "#6a919e",
    "grid": "#e4e9e6",
    "axis": "#76827f",
    "drop": "#d3dad7",
    "client": "#0b5670",
    "counselor": "#b76c25",
    "flag": "#a1113a",
    "talked": "#0b5670",
    "back_to_usual": "#2f9a6a",
    "missed": "#66716f",
    "way_changed": "#66716f",
    "event": "#1b2527",
}
WIDTHS = {"client": 0.55, "counselor": 0.45}
DASHES = {"counselor": (1.4, 0.9), "drop": (0.5, 0.7), "band-edge": (0.25, 0.7)}
COLUMNS = (15, 23, 15, 24, 13, 13, 20, 22, 41)  # mm, as many as the table has


def pdf_of(report: Report, now: dt.datetime) -> bytes:
    """Write the whole file. `now` is its date, so that the same page is the same file."""
    pdf = _new_file(now)
    _text(pdf, report.heading, 17, strong=True)
    _text(pdf, "  \N{MIDDLE DOT}  ".join(map(str, report.chips)), 9, strong=True)
    for line in report.about:
        _text(pdf, line, 9, color=INK_2)
    pdf.ln(2)
    _text(pdf, report.summary, 10.5)
    pdf.ln(2)
    if report.rows:
        _chart(pdf, report.plot)
        _key(pdf, report)
        _table(pdf, report)
    for line in [report.left_out, *report.what_it_is, report.printed]:
        if line:
            _text(pdf, line, 7.5, color=INK_2)
    return bytes(pdf.output())


def _new_file(now: dt.datetime) -> FPDF:
    from fpdf import FPDF  # noqa: PLC0415  slow to load, and needed here only

    pdf = FPDF(format="letter")
    folder = settings.BASE_DIR / "static" / "vendor" / "dejavu"
    pdf.add_font("sans", "", folder / "DejaVuSansCondensed.ttf")
    pdf.add_font("sans", "B", folder / "DejaVuSansCondensed-Bold.ttf")
    pdf.set_margin(MARGIN)
    pdf.set_auto_page_break(auto=True, margin=MARGIN - 4)
    pdf.set_lang(get_language() or "en")
    pdf.set_title(_("One page"))
    pdf.set_creation_date(now)
    pdf.add_page()
    return pdf


def _text(pdf: FPDF, text: str, size: float, *, strong: bool = False, color: str = INK) -> None:
    pdf.set_font("sans", "B" if strong else "", size)
    pdf.set_text_color(color)
    pdf.multi_cell(0, size * 0.47, text, align="L", new_x="LMARGIN", new_y="NEXT")


# ---- the chart ----


def _chart(pdf: FPDF, plot: Plot) -> None:
    scale = pdf.epw / plot.width
    left, top = pdf.l_margin, pdf.get_y()
    for shape in plot.shapes:
        if isinstance(shape, Path):
            _path(pdf, shape, left, top, scale)
        elif isinstance(shape, Mark):
            _mark(pdf, shape.role, left + shape.at[0] * scale, top + shape.at[1] * scale)
        else:
            _words(pdf, shape, left, top, scale)
    pdf.set_dash_pattern()
    pdf.set_y(top + plot.height * scale + 1)


def _path(pdf: FPDF, path: Path, left: float, top: float, scale: float) -> None:
    spots = [(left + x * scale, top + y * scale) for x, y in path.spots]
    if path.is_area:
        pdf.set_fill_color(COLORS[path.role])
        pdf.polygon(spots, style="F")
        return
    pdf.set_draw_color(COLORS[path.role])
    pdf.set_line_width(WIDTHS.get(path.role, 0.2))
    dash, gap = DASHES.get(path.role, (0, 0))
    pdf.set_dash_pattern(dash, gap)
    pdf.polyline(spots)
    pdf.set_dash_pattern()


def _mark(pdf: FPDF, role: str, x: float, y: float) -> None:
    pdf.set_draw_color("#ffffff" if role in {"client", "flag", "back_to_usual"} else COLORS[role])
    pdf.set_fill_color(COLORS[role])
    pdf.set_line_width(0.25)
    if role == "counselor":
        pdf.set_fill_color("#ffffff")
        pdf.set_line_width(0.4)
        pdf.rect(x - 0.75, y - 0.75, 1.5, 1.5, style="DF")
    elif role == "talked":
        pdf.set_fill_color("#ffffff")
        pdf.set_line_width(0.5)
        pdf.circle(x, y, 1.25, style="DF")
    elif role in {"client", "back_to_usual"}:
        pdf.circle(x, y, 1.05 if role == "client" else 1.5, style="DF")
    elif role == "flag":
        pdf.polygon([(x, y - 1.9), (x + 1.9, y), (x, y + 1.9), (x - 1.9, y)], style="DF")
    elif role == "event":
        pdf.polygon([(x - 1.4, y - 1.2), (x + 1.4, y - 1.2), (x, y + 1.3)], style="F")
    elif role == "missed":
        pdf.set_line_width(0.45)
        pdf.line(x - 1.1, y - 1.1, x + 1.1, y + 1.1)
        pdf.line(x - 1.1, y + 1.1, x + 1.1, y - 1.1)
    else:
        pdf.set_line_width(0.45)
        pdf.line(x, y - 1.4, x, y + 1.4)


def _words(pdf: FPDF, words: Words, left: float, top: float, scale: float) -> None:
    pdf.set_font("sans", "B" if words.is_strong else "", 7.5)
    pdf.set_text_color(INK if words.is_strong else INK_2)
    width = pdf.get_string_width(words.text)
    shift = {"start": 0.0, "middle": width / 2, "end": width}[words.anchor]
    pdf.text(left + words.at[0] * scale - shift, top + words.at[1] * scale, words.text)


def _key(pdf: FPDF, report: Report) -> None:
    x, y = pdf.l_margin + 1, pdf.get_y() + 2
    for role, label in report.key:
        pdf.set_font("sans", "", 7.5)
        width = 7 + pdf.get_string_width(str(label)) + 5
        if x + width > pdf.w - pdf.r_margin:
            x, y = pdf.l_margin + 1, y + 4.2
        _sample(pdf, role, x, y)
        pdf.set_text_color(INK_2)
        pdf.text(x + 7, y + 0.9, str(label))
        x += width
    pdf.set_y(y + 2.5)
    _text(pdf, report.scale, 7.5, color=INK_2)
    pdf.ln(1.5)


def _sample(pdf: FPDF, role: str, x: float, y: float) -> None:
    if role == "band":
        pdf.set_fill_color(COLORS["band"])
        pdf.rect(x, y - 1.3, 5.5, 2.6, style="F")
        return
    if role in WIDTHS:
        _path(pdf, Path(role, ((x, y), (x + 5.5, y))), 0, 0, 1)
    _mark(pdf, role, x + 2.75, y)


# ---- the table ----


def _table(pdf: FPDF, report: Report) -> None:
    pdf.set_font("sans", "", 7.5)
    pdf.set_draw_color(RULE)
    pdf.set_line_width(0.15)
    pdf.set_text_color(INK)
    pdf.fill_color = pdf.DEFAULT_FILL_COLOR  # or every cell would be filled
    head = cast("Any", pdf).table(
        col_widths=COLUMNS,
        line_height=3.9,
        borders_layout="HORIZONTAL_LINES",
        text_align=("LEFT", "LEFT", *["RIGHT"] * 6, "LEFT"),
        padding=(0.1, 1.5),
        width=pdf.epw,
    )
    with head as table:
        table.row(report.head)
        for row in report.rows:
            table.row(_cells(row))
    pdf.ln(2)


def _cells(row: Any) -> list[str]:
    day = date_format(row.date, "SHORT_DATE_FORMAT")
    numbers = [*row.facets, row.client, row.counselor, row.usual]
    return [row.number, day, *numbers, capfirst(row.happened)]
