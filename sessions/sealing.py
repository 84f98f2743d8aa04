"""Identities, goals and notes in and out of their envelope.

Each client has a data key of their own; the organization's master key, kept outside the database,
wraps it. Text is sealed with AES-GCM; the client's uuid and the field's name are authenticated
with it, so that a sealed value moved to another row or column does not open. Destroying the
wrapped key makes every sealed value of that client unreadable, in old backups too.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from uuid import UUID

    from sessions.models import Client

NONCE_BYTES = 12
KEY_BYTES = 32


class SealBroken(Exception):
    """A sealed value was changed, moved, or sealed under a key that is not here."""


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A client's data key as it is stored: wrapped by the master key named `key_id`."""

    key_id: str
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a client is. Empty fields are unknown, and a code alone is enough."""

    name: str = ""
    email: str = ""
    phone: str = ""


def new_client_key(client_uuid: UUID) -> WrappedKey:
    """Make a data key for a new client, wrapped by the current master key."""
    key_id, master = next(iter(_master_keys().items()))
    return WrappedKey(key_id, _seal(master, secrets.token_bytes(KEY_BYTES), _key_data(client_uuid)))


def seal(client: Client, field: str, text: str) -> bytes | None:
    """Seal one text of a client. The empty text is stored as nothing."""
    if not text:
        return None
    return _seal(_data_key(client), text.encode(), _field_data(client.uuid, field))


def unseal(client: Client, field: str, sealed: bytes | memoryview | None) -> str:
    """The text that `seal` put away. Raises SealBroken rather than return anything doubtful."""
    if sealed is None:
        return ""
    return _open(_data_key(client), bytes(sealed), _field_data(client.uuid, field)).decode()


def seal_identity(client: Client, identity: Identity) -> bytes | None:
    values = {"name": identity.name, "email": identity.email, "phone": identity.phone}
    return seal(client, "identity", json.dumps(values) if any(values.values()) else "")


def unseal_identity(client: Client) -> Identity:
    text = unseal(client, "identity", client.sealed_identity)
    return Identity(**json.loads(text)) if text else Identity()


def _data_key(client: Client) -> bytes:
    master = _master_keys().get(client.key_id)
    if master is None:
        raise SealBroken(f"The master key {client.key_id!r} is not in ALLIANCE_MASTER_KEYS.")
    return _open(master, bytes(client.wrapped_key), _key_data(client.uuid))


def _key_data(client_uuid: UUID) -> bytes:
    return f"client-key:{client_uuid}".encode()


def _field_data(client_uuid: UUID, field: str) -> bytes:
    return f"{field}:{client_uuid}".encode()


def _seal(key: bytes, plain: bytes, data: bytes) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, data)


def _open(key: bytes, sealed: bytes, data: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], data)
    except (InvalidTag, ValueError) as error:
        raise SealBroken("A sealed value does not open.") from error


def _master_keys() -> Mapping[str, bytes]:
    return _parse_master_keys(tuple(settings.ALLIANCE_MASTER_KEYS))


@lru_cache(maxsize=4)
def _parse_master_keys(entries: tuple[str, ...]) -> Mapping[str, bytes]:
    keys = dict(_parse_master_key(entry) for entry in entries)
    if len(keys) != len(entries):
        raise ImproperlyConfigured("ALLIANCE_MASTER_KEYS names two keys alike.")
    return keys


def _parse_master_key(entry: str) -> tuple[str, bytes]:
    key_id, _, encoded = entry.partition(":")
    try:
        key = base64.b64decode(encoded, validate=True)
    except ValueError:  # binascii.Error is one; letters beyond ASCII raise another
        key = b""
    if not key_id or len(key) != KEY_BYTES:
        raise ImproperlyConfigured(
            "ALLIANCE_MASTER_KEYS must hold id:key, the key being 32 random bytes in base64."
        )
    return key_id, key


def check_master_keys(entries: list[str]) -> str:
    """What is wrong with the configured keys, in a sentence; empty when nothing is."""
    try:
        _parse_master_keys(tuple(entries))
    except ImproperlyConfigured as error:
        return str(error)
    return ""
