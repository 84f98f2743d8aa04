"""What only ever grows stays as it is, whoever asks, by whatever way."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, models, transaction

from measures.builtin import current_version
from measures.models import Assessment, FlagEvent, GroupRating, Rating
from measures.repair.states import record_event
from sessions.append_only import deleting_allowed
from sessions.models import AccessEntry
from tests import factories

KEPT: tuple[type[models.Model], ...] = (Rating, FlagEvent, GroupRating, AccessEntry)
MAY_CHANGE_ONCE = {"superseded_at"}
STEADY: list[float | None] = [9, 9, 8, 9, 9, 8, 9, 3]


@pytest.fixture
def rows(cast: SimpleNamespace, log_in: Any) -> dict[type[models.Model], Any]:
    """One row of each kind."""
    factories.make_course(cast.episode, STEADY, cast.now, own=None)
    log_in(cast.alice).get("/today/")
    GroupRating.objects.create(
        organization=cast.here,
        meeting=factories.make_group([cast.episode], cast.now),
        instrument_version=current_version(),
        entered_by=cast.alice,
        stored_at=cast.now,
        respect=7,
    )
    return {model: model._default_manager.earliest("pk") for model in KEPT}


def columns(model: type[models.Model]) -> list[str]:
    fields = model._meta.concrete_fields
    changing = [each for each in fields if not each.primary_key]
    return [str(each.column) for each in changing if each.name not in MAY_CHANGE_ONCE]


def refused() -> Any:
    return pytest.raises(IntegrityError, match="append-only")


def rows_of(model: type[models.Model]) -> list[Any]:
    return list(model._default_manager.order_by("pk").values())


@pytest.mark.parametrize("model", KEPT)
def test_no_column_of_a_row_can_be_changed(rows, model):
    before = rows_of(model)
    assert [column for column in columns(model) if not is_kept(model, column)] == []
    assert rows_of(model) == before


def is_kept(model: type[models.Model], column: str) -> bool:
    try:
        with transaction.atomic():
            sql(f"UPDATE {model._meta.db_table} SET {column} = {column}")  # noqa: S608
    except IntegrityError as error:
        return "append-only" in str(error)
    return False


@pytest.mark.parametrize("model", KEPT)
def test_no_row_can_be_deleted(rows, model):
    before = rows_of(model)
    Assessment.objects.all().delete()
    for delete in (
        lambda: sql(f"DELETE FROM {model._meta.db_table}"),  # noqa: S608
        lambda: model.objects.filter(pk=rows[model].pk)._raw_delete("default"),
    ):
        with refused(), transaction.atomic():
            delete()
    assert rows_of(model) == before


@pytest.mark.parametrize("model", [FlagEvent, AccessEntry])
def test_the_orm_is_refused_too(rows, model):
    row = rows[model]
    for change in (row.save, row.delete, model.objects.all().delete):
        with refused(), transaction.atomic():
            change()


def test_of_a_rating_the_orm_saves_nothing(rows):
    rating = rows[Rating]
    rating.respect = 10
    for change in (rating.save, lambda: Rating.objects.update(respect=10)):
        with refused(), transaction.atomic():
            change()
    assert not Rating.objects.filter(respect=10).exists()


def test_a_rating_is_superseded_once(rows):
    rating = rows[Rating]
    when = rating.stored_at + dt.timedelta(hours=1)
    row = Rating.objects.filter(pk=rating.pk)
    assert row.update(superseded_at=when) == 1
    for again in (None, when, when + dt.timedelta(hours=1)):
        with refused(), transaction.atomic():
            row.update(superseded_at=again)
    rating.refresh_from_db()
    assert rating.superseded_at == when


def test_superseding_takes_nothing_else_along(rows):
    rating = rows[Rating]
    with refused(), transaction.atomic():
        Rating.objects.filter(pk=rating.pk).update(superseded_at=rating.stored_at, respect=1)


def test_not_before_it_was_stored(rows):
    rating = rows[Rating]
    too_early = rating.stored_at - dt.timedelta(seconds=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        Rating.objects.filter(pk=rating.pk).update(superseded_at=too_early)


@pytest.mark.parametrize("model", [FlagEvent, AccessEntry])
def test_erasing_a_person_may_delete(rows, model):
    with deleting_allowed():
        model.objects.all().delete()
    assert not model.objects.exists()


def test_erasing_may_not_change(rows):
    with refused(), deleting_allowed():
        AccessEntry.objects.update(status=200)


def test_after_erasing_all_is_as_before(rows):
    with deleting_allowed():
        FlagEvent.objects.all().delete()
    with refused(), transaction.atomic():
        AccessEntry.objects.all().delete()


@pytest.mark.django_db(transaction=True)
def test_erasing_needs_no_transaction_around_it(rows):
    with deleting_allowed():
        sql("DELETE FROM measures_flagevent")
    assert not FlagEvent.objects.exists()


@pytest.mark.parametrize("error", [KeyError, DatabaseError])
def test_erasing_that_fails_deletes_nothing_and_leaves_the_door_closed(rows, error):
    before = rows_of(FlagEvent)
    with pytest.raises(error):
        erase_and_fail(error)
    assert rows_of(FlagEvent) == before
    with refused(), transaction.atomic():
        FlagEvent.objects.all().delete()


def test_the_first_error_is_the_one_that_is_told(rows):
    """And not that the transaction is broken by it."""
    with pytest.raises(DatabaseError, match="no_such_table"), deleting_allowed():
        sql("DELETE FROM no_such_table")


def test_rows_are_still_added(cast, rows):
    flag = rows[FlagEvent].flag
    record_event(flag, flag.state, now=cast.now, reason="asked")
    assert flag.events.count() == 2


def erase_and_fail(error: type[Exception]) -> None:
    with deleting_allowed():
        FlagEvent.objects.all().delete()
        raise error


def sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
