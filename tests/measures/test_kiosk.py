"""The clinic's tablet: paired by an administrator, good for rating and nothing else, left clean."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from django.test import Client as Browser

from alliance_site import transactions
from alliance_site.logs import TOKEN
from alliance_site.policy import POLICY
from measures.capture.codes import MadeCode, make_code
from measures.capture.visits import COOKIE as VISIT
from measures.models import Rater, Rating, RatingLink, RatingRequest
from sessions import devices
from sessions.devices import offer_device
from sessions.models import AccessEntry, Device, Session, Tries
from sessions.policy import Actor
from tests import factories
from tests.test_access import addresses

Clock = Callable[..., None]
GIVEN = {"respect": "8", "understanding": "6", "goals": "7", "step": "send"}


@pytest.fixture
def clock(cast: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Set the database's clock to so many minutes after `cast.now`."""

    def _clock(minutes: float) -> None:
        now = cast.now + dt.timedelta(minutes=minutes)
        monkeypatch.setattr(transactions, "database_now", lambda: now)

    _clock(0)
    return _clock


@pytest.fixture
def session(cast: SimpleNamespace, clock: Clock) -> Session:
    return factories.make_session(cast.episode, cast.now - dt.timedelta(hours=1))


@pytest.fixture
def made(session: Session, cast: SimpleNamespace) -> MadeCode:
    return code_for(session, cast.now)


@pytest.fixture
def kiosk(cast: SimpleNamespace, clock: Clock) -> Browser:
    return paired(cast)


def code_for(session: Session, now: dt.datetime) -> MadeCode:
    return make_code(link=factories.invite(session, now, RatingLink.Channel.QR).link, now=now)


def offer(cast: SimpleNamespace, name: str = "Waiting room") -> str:
    return f"/kiosk/pair/{offer_device(name=name, by=cast.ada, now=cast.now).token}"


def paired(cast: SimpleNamespace, name: str = "Waiting room") -> Browser:
    browser = Browser()
    assert browser.post(offer(cast, name)).headers["Location"] == "/kiosk/"
    return browser


def type_in(kiosk: Browser, digits: str) -> Any:
    return kiosk.post("/kiosk/", {"digits": digits})


def wrong(made: MadeCode) -> str:
    return f"{(int(made.digits) + 1) % 10**6:06}"


def text_of(response: Any) -> str:
    return str(response.content.decode())


# ---- pairing ----


def test_an_administrator_gets_a_link_that_pairs_one_tablet_once(cast, log_in):
    page = text_of(log_in(cast.ada).post("/settings/tablets/", {"name": "Waiting room"}))
    found = re.search(r"http://testserver(/kiosk/pair/[\w-]{22})<", page)
    assert found
    tablet, late = Browser(), Browser()
    assert "Waiting room" in text_of(tablet.get(found[1]))
    assert tablet.post(found[1]).headers["Location"] == "/kiosk/"
    assert "Type the six digits" in text_of(tablet.get("/kiosk/"))
    assert late.get(found[1]).status_code == 404
    assert late.post(found[1]).status_code == 404
    assert late.get("/kiosk/").status_code == 404


def test_opening_the_link_uses_nothing_up(cast, clock):
    address = offer(cast)
    for _ in range(3):
        Browser().get(address)
        Browser().head(address)
    assert Browser().post(address).status_code == 302


@pytest.mark.parametrize(("minutes", "status"), [(14.9, 302), (15, 404)])
def test_the_link_lives_15_minutes(cast, clock, minutes, status):
    address = offer(cast)
    clock(minutes)
    assert Browser().post(address).status_code == status


def test_a_tablet_needs_a_name(cast, log_in):
    assert log_in(cast.ada).post("/settings/tablets/", {"name": " "}).status_code == 422
    assert not Device.objects.exists()


def test_who_sets_a_tablet_up_is_logged_out_on_it(cast, clock, log_in):
    tablet = log_in(cast.ada)
    tablet.post(offer(cast))
    assert settings.SESSION_COOKIE_NAME not in tablet.cookies or (
        not tablet.cookies[settings.SESSION_COOKIE_NAME].value
    )
    assert tablet.get("/settings/").status_code == 302


def test_neither_the_link_nor_the_secret_lies_in_the_database(cast, clock):
    address, browser = offer(cast), Browser()
    browser.post(address)
    secret = browser.cookies[devices.COOKIE].value.partition(":")[0]
    assert len(secret) == 43
    rows = repr(list(Device.objects.values_list()))
    assert secret not in rows
    assert address.rpartition("/")[2] not in rows


def test_the_cookie_of_a_tablet_is_for_nobody_elses_eyes(cast, clock, settings):
    settings.SESSION_COOKIE_SECURE = True
    cookie = paired(cast).cookies[devices.COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["secure"]) == (True, "Lax", True)


def test_a_cookie_made_up_or_unsigned_is_no_tablet(cast, kiosk):
    good = kiosk.cookies[devices.COOKIE].value
    for value in (good.partition(":")[0], good[:-1], "", "x" * 43):
        other = Browser()
        other.cookies[devices.COOKIE] = value
        assert other.get("/kiosk/").status_code == 404


def test_a_paired_tablet_has_a_secret_in_the_database_too(cast, clock):
    offered = offer_device(name="x", by=cast.ada, now=cast.now).device
    with pytest.raises(IntegrityError), transaction.atomic():
        Device.objects.filter(pk=offered.pk).update(paired_at=cast.now)


# ---- revoking ----


def test_the_list_shows_tablets_in_use_and_a_revoked_one_opens_nothing_more(cast, kiosk, log_in):
    ada = log_in(cast.ada)
    assert "Waiting room" in text_of(ada.get("/settings/tablets/"))
    device = Device.objects.get()
    assert ada.post(f"/settings/tablets/{device.uuid}/revoke/").status_code == 302
    refused = kiosk.get("/kiosk/")
    assert refused.status_code == 404
    assert not refused.cookies[devices.COOKIE].value
    ada.get("/settings/tablets/")  # says that it is revoked, once
    assert "Waiting room" not in text_of(ada.get("/settings/tablets/"))


def test_revoking_ends_a_visit_that_is_under_way(cast, kiosk, made):
    start = type_in(kiosk, made.digits).headers["Location"]
    assert kiosk.get(f"{start}questions/").status_code == 200
    Device.objects.update(revoked_at=cast.now)
    assert kiosk.get(f"{start}questions/").status_code == 404
    assert kiosk.post(f"{start}questions/", GIVEN).status_code == 404
    assert not Rating.objects.exists()


def test_a_tablet_of_another_organization_is_not_to_be_revoked(cast, kiosk, log_in):
    device = Device.objects.get()
    assert log_in(cast.eve).post(f"/settings/tablets/{device.uuid}/revoke/").status_code == 404
    assert kiosk.get("/kiosk/").status_code == 200


# ---- rating ----


def test_six_digits_lead_to_the_questions(cast, kiosk, made, session):
    start = type_in(kiosk, made.spaced).headers["Location"]
    first = text_of(kiosk.get(start))
    assert "This is about today," in first
    assert "Alice" not in first
    kiosk.post(f"{start}questions/", GIVEN)
    rating = Rating.objects.get()
    assert (rating.way_in, rating.session) == (Rating.WayIn.KIOSK, session)
    link = RatingLink.objects.get(channel=RatingLink.Channel.KIOSK)
    assert link.device == Device.objects.get()


def test_a_code_of_another_organization_opens_nothing_here(cast, kiosk):
    theirs = factories.make_session(cast.eves, cast.now - dt.timedelta(hours=1))
    made = code_for(theirs, cast.now)
    assert type_in(kiosk, made.digits).status_code == 422


@pytest.mark.parametrize("state", ["wrong", "expired", "used", "closed"])
def test_a_code_that_opens_nothing_says_one_thing(cast, kiosk, made, clock, state):
    session = made.row.link.request.session
    digits = wrong(made) if state == "wrong" else made.digits
    if state == "expired":
        clock(15)
    if state == "used":
        factories.rate(session, 8, now=cast.now)
    if state == "closed":
        made.row.wrong_tries = 5
        made.row.save()
    refused = type_in(kiosk, digits)
    assert refused.status_code == 422
    assert "These do not open anything." in text_of(refused)


def test_the_visit_of_a_tablet_is_good_on_that_tablet_only(cast, kiosk, made):
    start = type_in(kiosk, made.digits).headers["Location"]
    for other in (Browser(), paired(cast, "Back room")):
        other.cookies[VISIT] = kiosk.cookies[VISIT].value
        assert other.get(start).status_code == 404
        assert other.post(f"{start}questions/", GIVEN).status_code == 404


def test_who_says_it_was_not_them_leaves_the_request_open(cast, kiosk, made):
    start = type_in(kiosk, made.digits).headers["Location"]
    kiosk.post(f"{start}not-me/", {"sure": "yes"})
    assert RatingRequest.objects.get().withdrawn_at is None
    assert type_in(kiosk, made.digits).status_code == 302


# ---- guessing ----


def test_after_five_wrong_tries_the_tablet_pauses_for_15_minutes(cast, kiosk, made, clock):
    for _ in range(5):
        assert "These do not open" in text_of(type_in(kiosk, wrong(made)))
    paused = type_in(kiosk, made.digits)
    assert paused.status_code == 422
    assert "Too many wrong tries." in text_of(paused)
    again = code_for(made.row.link.request.session, cast.now + dt.timedelta(minutes=15))
    clock(15)
    assert type_in(kiosk, again.digits).status_code == 302


def test_another_tablet_does_not_pause_with_it(cast, kiosk, made):
    for _ in range(5):
        type_in(kiosk, wrong(made))
    assert type_in(paired(cast, "Back room"), made.digits).status_code == 302


def test_right_digits_do_not_count(kiosk, made):
    for _ in range(8):
        assert type_in(kiosk, made.digits).status_code == 302
    assert {row.count for row in Tries.objects.all()} == {0}


def test_thirty_wrong_tries_are_all_there_are_in_a_day(cast, kiosk, made, clock):
    tried = 0
    for quarter in range(8):
        clock(15 * quarter)
        for _ in range(5):
            tried += "These do not open" in text_of(type_in(kiosk, wrong(made)))
    assert tried == 30


# ---- nothing but that, and nothing left behind ----


def test_a_paired_tablet_reaches_its_own_pages_and_no_other(cast, kiosk, session):
    """Every address there is, typed into it."""
    own = {route for route in POLICY.routes() if Actor.KIOSK in POLICY.actors_for(route)}
    outside = {"health_live", "health_ready"}
    for pattern in addresses():
        if pattern.name in own | outside:
            continue
        path = "/" + re.sub(r"<uuid:\w+>", str(session.uuid), str(pattern.pattern))
        path = re.sub(r"<str:\w+>|\(\?P<\w+>[^)]*\)", "x", path).strip("^$").replace("/^", "/")
        response = kiosk.get(path.rstrip("$"), follow=True)
        assert response.redirect_chain[-1][0] == "/kiosk/", path
        assert response.status_code == 200


def test_nobody_logs_in_on_it(cast, kiosk):
    log_in = {"login": cast.alice.user.email, "password": factories.PASSWORD}
    assert kiosk.post("/account/login/", log_in).headers["Location"] == "/kiosk/"
    assert kiosk.get("/today/", follow=True).redirect_chain[-1][0] == "/kiosk/"


def test_a_log_in_that_is_there_all_the_same_is_ended(cast, kiosk):
    kiosk.force_login(cast.alice.user)
    assert kiosk.get("/today/").headers["Location"] == "/kiosk/"
    kiosk.get("/kiosk/")
    kiosk.cookies.pop(devices.COOKIE)
    assert kiosk.get("/today/").status_code == 302


def test_leaving_closes_the_visit_and_takes_its_cookies(kiosk, made):
    start = type_in(kiosk, made.digits).headers["Location"]
    kiosk.get(f"{start}?language=es")
    token = kiosk.cookies["csrftoken"].value
    gone = kiosk.post(f"{start}leave/")
    assert gone.headers["Location"] == "/kiosk/"
    assert gone.headers["Clear-Site-Data"] == '"storage"'
    for name in (VISIT, "rating_language"):
        assert (gone.cookies[name].value, gone.cookies[name]["path"]) == ("", start)
    assert kiosk.cookies["csrftoken"].value != token
    link = RatingLink.objects.get(channel=RatingLink.Channel.KIOSK)
    assert link.closed_at is not None


def test_a_visit_that_was_left_does_not_open_with_its_old_cookie(kiosk, made):
    start = type_in(kiosk, made.digits).headers["Location"]
    old = kiosk.cookies[VISIT].value
    kiosk.post(f"{start}leave/")
    kiosk.cookies[VISIT] = old
    assert kiosk.get(start).status_code == 404
    assert kiosk.post(f"{start}questions/", GIVEN).status_code == 404


def test_the_next_client_ends_what_the_one_before_left_open(cast, kiosk, made):
    first = type_in(kiosk, made.digits).headers["Location"]
    old = kiosk.cookies[VISIT].value
    other = factories.make_session(cast.peers, cast.now - dt.timedelta(hours=1))
    type_in(kiosk, code_for(other, cast.now).digits)
    kiosk.cookies[VISIT] = old
    assert kiosk.get(first).status_code == 404


def test_leaving_again_is_no_error(kiosk, made):
    start = type_in(kiosk, made.digits).headers["Location"]
    for _ in range(2):
        assert kiosk.post(f"{start}leave/").headers["Location"] == "/kiosk/"


def test_who_is_done_can_start_over_with_the_code_until_it_is_answered(kiosk, made):
    start = type_in(kiosk, made.digits).headers["Location"]
    kiosk.post(f"{start}leave/")
    start = type_in(kiosk, made.digits).headers["Location"]
    kiosk.post(f"{start}questions/", GIVEN)
    assert "answers are no longer on it" in text_of(kiosk.get(f"{start}thanks/"))
    kiosk.post(f"{start}leave/")
    assert kiosk.get(f"{start}thanks/").status_code == 404
    assert type_in(kiosk, made.digits).status_code == 422
    assert Rating.objects.filter(rater=Rater.CLIENT).count() == 1


def test_on_ones_own_phone_leaving_is_only_going_back(cast, session):
    holder = factories.invite(session, cast.now)
    phone = Browser()
    start = phone.get(f"/rate/{holder.token}").headers["Location"]
    assert phone.post(f"{start}leave/").headers["Location"] == start
    assert phone.get(start).status_code == 200


def test_the_page_of_the_digits_speaks_every_language(kiosk):
    assert 'lang="es"' in text_of(kiosk.get("/kiosk/"))
    assert '<html lang="ar" dir="rtl">' in text_of(kiosk.get("/kiosk/?language=ar"))
    assert '<html lang="en"' in text_of(kiosk.get("/kiosk/?language=xx"))


def test_wrong_digits_on_a_tablet_stand_in_the_log(cast, kiosk, made):
    type_in(kiosk, wrong(made))
    entry = AccessEntry.objects.get(route="kiosk", method="POST")
    assert (entry.organization, entry.user, entry.status) == (cast.here, None, 422)


def test_the_token_of_pairing_stands_in_no_log_line(caplog):
    assert TOKEN.sub(r"\1(token)", "GET /kiosk/pair/abc-DEF_12") == "GET /kiosk/pair/(token)"
