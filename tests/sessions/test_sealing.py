"""Names, goals and notes: what is sealed opens in its own place only."""

from __future__ import annotations

import base64
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from measures.models import Rating
from sessions import sealing
from sessions.models import Client
from sessions.sealing import (
    Identity,
    SealBroken,
    check_master_keys,
    new_client_key,
    seal,
    seal_identity,
    unseal,
    unseal_identity,
)
from tests import factories

JO = Identity("Jo Doe", "jo@example.org", "555-0142")
TEXTS = ["x", "See my kids", "Zoë 💊 \u202e", "a" * 10_000, "\0", "null"]


def key(name: str, byte: bytes = b"1") -> str:
    return f"{name}:{base64.b64encode(byte * 32).decode()}"


def make_client() -> Client:
    client_uuid = uuid.uuid4()
    made = new_client_key(client_uuid)
    return Client(uuid=client_uuid, wrapped_key=made.wrapped, key_id=made.key_id)


@pytest.mark.parametrize("text", TEXTS)
def test_what_was_sealed_opens(text):
    client = make_client()
    sealed = seal(client, "goal", text)
    assert sealed is not None
    assert unseal(client, "goal", sealed) == unseal(client, "goal", memoryview(sealed)) == text
    assert len(text) < 3 or text.encode() not in sealed


def test_an_identity_opens():
    client = make_client()
    client.sealed_identity = seal_identity(client, JO)
    assert unseal_identity(client) == JO


def test_nothing_is_stored_as_nothing():
    client = make_client()
    assert seal(client, "goal", "") is None
    assert seal_identity(client, Identity()) is None
    assert unseal(client, "goal", None) == ""
    assert unseal_identity(client) == Identity()


def test_the_same_text_never_looks_the_same():
    client = make_client()
    assert len({seal(client, "goal", "See my kids") for _ in range(50)}) == 50


def test_every_client_has_a_key_of_their_own():
    client = uuid.uuid4()
    assert new_client_key(client).wrapped != new_client_key(client).wrapped


def test_what_was_moved_to_another_client_does_not_open():
    jo, other = make_client(), make_client()
    with pytest.raises(SealBroken):
        unseal(other, "goal", seal(jo, "goal", "See my kids"))


def test_not_even_together_with_its_key():
    jo, other = make_client(), make_client()
    other.wrapped_key = jo.wrapped_key
    with pytest.raises(SealBroken):
        unseal(other, "goal", seal(jo, "goal", "See my kids"))


def test_what_was_moved_to_another_field_does_not_open():
    client = make_client()
    with pytest.raises(SealBroken):
        unseal(client, "note", seal(client, "goal", "See my kids"))


@pytest.mark.parametrize("broken", [b"", b"x", b"x" * 12, b"x" * 40])
def test_what_was_never_sealed_does_not_open(broken):
    with pytest.raises(SealBroken):
        unseal(make_client(), "goal", broken)


def test_a_single_bit_makes_a_difference():
    client = make_client()
    sealed = seal(client, "goal", "See my kids")
    assert sealed is not None
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(SealBroken):
            unseal(client, "goal", bytes(changed))


def test_a_destroyed_key_closes_everything_for_good():
    client = make_client()
    sealed = seal(client, "goal", "See my kids")
    client.wrapped_key = b""
    with pytest.raises(SealBroken):
        unseal(client, "goal", sealed)


def test_a_key_that_is_not_here_is_named(settings):
    client = make_client()
    sealed = seal(client, "goal", "See my kids")
    settings.ALLIANCE_MASTER_KEYS = [key("new")]
    with pytest.raises(SealBroken, match="The master key 'tests' is not in ALLIANCE_MASTER_KEYS"):
        unseal(client, "goal", sealed)


def test_another_key_under_the_same_name_does_not_open(settings):
    client = make_client()
    sealed = seal(client, "goal", "See my kids")
    settings.ALLIANCE_MASTER_KEYS = [key("tests", b"9")]
    with pytest.raises(SealBroken):
        unseal(client, "goal", sealed)


def test_new_clients_get_the_first_key_and_older_ones_still_open(settings):
    old = make_client()
    sealed = seal(old, "goal", "See my kids")
    settings.ALLIANCE_MASTER_KEYS = [key("new"), *settings.ALLIANCE_MASTER_KEYS]
    assert make_client().key_id == "new"
    assert unseal(old, "goal", sealed) == "See my kids"


WRONG = ["no-colon", ":" + key("")[1:], "id:", "id:c2hvcnQ=", "id:***", "id:ключ", key("id") + "x"]


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_key_is_refused_with_a_sentence(wrong, settings):
    sentence = "ALLIANCE_MASTER_KEYS must hold id:key, the key being 32 random bytes in base64."
    assert check_master_keys([wrong]) == sentence
    assert check_master_keys([key("good"), wrong]) == sentence
    settings.ALLIANCE_MASTER_KEYS = [wrong]
    with pytest.raises(ImproperlyConfigured, match="32 random bytes"):
        apps.get_app_config("alliance_site").ready()
    with pytest.raises(ImproperlyConfigured, match="32 random bytes"):
        make_client()


def test_two_keys_of_one_name_are_refused():
    assert (
        check_master_keys([key("id"), key("id", b"9")])
        == "ALLIANCE_MASTER_KEYS names two keys alike."
    )


def test_the_sentence_does_not_quote_the_key():
    secret = base64.b64encode(b"7" * 31).decode()
    assert secret not in check_master_keys([f"id:{secret}"])


def test_a_good_key_is_no_problem():
    assert check_master_keys([key("id"), key("older", b"2")]) == ""


def test_keys_are_parsed_once():
    """Every name on a page is opened with them."""
    before = sealing._parse_master_keys.cache_info().hits
    client = make_client()
    seal(client, "goal", "x")
    assert sealing._parse_master_keys.cache_info().hits > before


WORDS = ("Jo Doe", "jo@example.org", "555-0142", "See my kids", "Slower, please")


@pytest.fixture
def jo(cast: Any) -> Client:
    """A client of whom everything is known."""
    episode = factories.make_episode(
        cast.alice, "T-400", cast.today, identity=JO, goal="See my kids"
    )
    session = factories.make_session(episode, cast.now)
    factories.rate(session, 8, note="Slower, please")
    return episode.client


def test_nothing_of_it_can_be_read_in_any_table(jo):
    everything = b"\n".join(dump())
    assert b"T-400" in everything  # the search does find things
    for word in WORDS:
        assert word.encode() not in everything
    assert unseal_identity(Client.objects.get(pk=jo.pk)) == JO


def dump() -> list[bytes]:
    """Every value of every table."""
    values = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            values += [each for row in cursor.fetchall() for each in row]
    return [
        bytes(each) if isinstance(each, bytes | memoryview) else str(each).encode()
        for each in values
    ]


@pytest.mark.sqlite_only
@pytest.mark.django_db(transaction=True)
def test_nor_in_the_file(jo, tmp_path):
    path = Path(tmp_path) / "copy.sqlite3"
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(path)])
    written = path.read_bytes()
    assert b"T-400" in written
    for word in WORDS:
        assert word.encode() not in written


def test_a_note_is_bound_to_its_client(jo, cast):
    rating = Rating.objects.get(session__episode__client=jo)
    with pytest.raises(SealBroken):
        unseal(cast.episode.client, "note", rating.sealed_note)
