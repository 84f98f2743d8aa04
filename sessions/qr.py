"""QR codes, as drawings inside the page."""

from __future__ import annotations

import segno
from django.utils.safestring import SafeString, mark_safe


def qr_svg(url: str) -> SafeString:
    """A link as an inline drawing; dark on light in every color scheme, as cameras want it."""
    code = segno.make(url, error="m", micro=False)
    drawing = code.svg_inline(
        scale=1, border=2, omitsize=True, svgclass="qr", lineclass=None, dark="#000", light="#fff"
    )
    # Made by segno from a URL that holds no markup: reverse() and a URL-safe token.
    return mark_safe(drawing)  # noqa: S308
