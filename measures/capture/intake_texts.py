"""What is read to a client at intake, before they agree. A changed text takes a new version."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

VERSION = "2026-11"

ASKED = _(
    "After we meet we may ask you three questions about how it went between us. You can skip any "
    "of them, and say no every time. It does not change the help you get here."
)
CONTACT = _(
    "We may write to you at the address you gave us. Our messages name no one and say nothing "
    "about you, but whoever sees your phone can read them. You can stop them whenever you like: "
    "answer STOP, tap the link in the mail, or tell us."
)
