"""Icons: each page carries the shapes it uses once, and points to them. Names inside sentences."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from django import template
from django.conf import settings
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from sessions import names

register = template.Library()
register.filter("in_a_row", names.in_a_row)
register.filter("isolated", names.isolated)

FOLDER = "static/vendor/bootstrap-icons"


@register.simple_tag(takes_context=True)
def icon(context: Context, name: str, css: str = "") -> SafeString:
    """An icon of one em in the text's color; the word stands beside it."""
    _used(context).add(name)
    return format_html('<svg class="icon {}" aria-hidden="true"><use href="#{}"/></svg>', css, name)


@register.simple_tag(takes_context=True)
def icon_sprite(context: Context) -> SafeString:
    """The shapes of this page's icons. Stands last in the body, when all are known."""
    symbols = "".join(_symbol(name) for name in sorted(_used(context)))
    # Files of our own, vendored and pinned by their hash.
    return mark_safe(f"<svg hidden>{symbols}</svg>")  # noqa: S308


def _used(context: Context) -> set[str]:
    """Kept with the request, since includes and blocks have contexts of their own."""
    request: Any = context.get("request")
    if not hasattr(request, "icons_used"):
        request.icons_used = set()
    used: set[str] = request.icons_used
    return used


@cache
def _symbol(name: str) -> str:
    svg = (settings.BASE_DIR / FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    body = re.sub(r"\s+", " ", svg[svg.index(">") + 1 : svg.rindex("</svg>")]).strip()
    return f'<symbol id="{name}" viewBox="0 0 16 16">{body}</symbol>'
