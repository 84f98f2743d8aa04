"""What somebody looks for may be a name, and an address is kept: by the browser, and by a proxy.

So a search is sent as a form, and the address it leads to holds the words sealed. Back, a reload
and the next page of a long list work as with any address.
"""

from __future__ import annotations

import base64

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.utils.crypto import salted_hmac

LONGEST = 40
NONCE_BYTES = 12
SALT = "sessions.finding"


def sealed(words: str) -> str:
    """For an address, the same for the same words. Readable as long as the site's `SECRET_KEY`."""
    plain = words.strip()[:LONGEST].encode()
    nonce = _key("nonce", plain)[:NONCE_BYTES]
    hidden = nonce + _cipher().encrypt(nonce, plain, None)
    return base64.urlsafe_b64encode(hidden).decode().rstrip("=")


def unsealed(token: str) -> str:
    """The words again; none of what was not sealed here."""
    try:
        hidden = base64.urlsafe_b64decode(token.encode("ascii") + b"==")
        return _cipher().decrypt(hidden[:NONCE_BYTES], hidden[NONCE_BYTES:], None).decode()
    except (ValueError, InvalidTag):
        return ""


def _cipher() -> AESGCM:
    return AESGCM(_key("key"))


def _key(use: str, value: bytes = b"") -> bytes:
    return salted_hmac(f"{SALT}.{use}", value, algorithm="sha256").digest()
