"""Tokens of rating links: 128 random bits, kept only as their hash."""

import hashlib
import secrets

TOKEN_BYTES = 16  # 22 characters: with a short host, a link fits one text message.


def new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
