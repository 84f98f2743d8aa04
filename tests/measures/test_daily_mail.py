"""What waits, as a page and as one mail a day: under the rules of the pages it leads to."""

from __future__ import annotations

import datetime as dt
import io
import re
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.management import call_command
from django.test import Client as Browser
from django.urls import reverse

from measures.capture.gateway_errors import AddressRefused, NotTaken, Unreachable
from measures.insight.chips import CALLED, OVER, RATINGS_SAY, WE_DID
from measures.insight.daily_mail import mail_what_waits
from measures.insight.waiting import waiting_for
from measures.models import Flag, Rater, Rating
from measures.repair.actions import agree_on_action
from measures.repair.reading_notes import mark_read
from measures.repair.states import move
from measures.repair.talks import record_talk
from sessions.agreements import stop_contact
from sessions.contacts import record_contact
from sessions.lexicon import telling_words
from sessions.models import Cover, Membership, Pause, Session
from tests import factories

NOW = dt.datetime(2026, 11, 18, 20, tzinfo=dt.UTC)  # a Wednesday, 2 pm in Chicago
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)

pytestmark = pytest.mark.django_db


class TestGateway:
    """A gateway that keeps what it gets, or fails as it is told to."""

    __test__ = False

    def __init__(self, error: Exception | None = None, *, is_there: bool = True) -> None:
        self.letters: list[Any] = []
        self.error, self.is_there = error, is_there

    def open(self) -> None:
        if not self.is_there:
            raise Unreachable

    def send(self, letter: Any) -> str:
        if self.error is not None:
            raise self.error
        self.letters.append(letter)
        return ""

    def close(self) -> None:
        pass


@pytest.fixture
def people() -> SimpleNamespace:
    """Nobody has anything waiting but what a test adds."""
    return factories.make_cast(NOW)


def run(gateway: TestGateway, at: dt.datetime = NOW) -> Any:
    return mail_what_waits(gateway=gateway, clock=lambda: at, stop=lambda: False)


def names(gateway: TestGateway) -> list[str]:
    return sorted(letter.to.partition(".")[0] for letter in gateway.letters)


def lines(member: Membership, at: dt.datetime = NOW) -> list[str]:
    return [each.sentence for each in waiting_for(factories.viewer_of(member, at))]


def raise_flag(episode: Any, at: dt.datetime = NOW - 2 * DAY, *, is_rated: bool = True) -> Flag:
    """A low answer, flagged; the counselor's own rating as well, unless it is still due."""
    session = factories.make_session(episode, at - HOUR)
    rating = factories.rate(session, 3, now=at)
    if is_rated:
        factories.rate(session, 7, Rater.COUNSELOR, now=at)
    return Flag.objects.create(
        organization_id=episode.organization_id,
        episode=episode,
        rater=Rater.CLIENT,
        kind="decline",
        first_rating=rating,
        last_rating=rating,
        evidence={},
        raised_at=at,
    )


def leave_note(episode: Any, at: dt.datetime = NOW - DAY) -> None:
    session = factories.make_session(episode, at - HOUR)
    factories.rate(session, 8, now=at, note="You talk too fast")


# ---- what waits ----


def test_nothing_waits_without_a_reason(people):
    assert lines(people.finn) == []
    assert lines(people.ada) == []


def test_a_flag_waits_for_the_counselor_and_the_supervisor(people):
    before = {who: lines(getattr(people, who)) for who in ("alice", "sam", "bob", "ada", "eve")}
    raise_flag(people.episode)
    assert set(lines(people.alice)) - set(before["alice"]) == {
        "With 1 client, something may have changed."
    }
    assert set(lines(people.sam)) - set(before["sam"]) == {
        "1 conversation waits on your supervision list."
    }
    for other in ("bob", "ada", "eve"):
        assert lines(getattr(people, other)) == before[other]


def test_a_flag_of_answers_the_counselor_may_not_see_yet_does_not_wait(people):
    """Not even as a count. The supervisor sees it at once."""
    at = NOW - HOUR
    raise_flag(people.episode, at, is_rated=False)
    assert "With 1 client, something may have changed." not in lines(people.alice)
    assert "1 conversation waits on your supervision list." in lines(people.sam)
    assert any("own rating" in line for line in lines(people.alice))


def test_what_was_talked_about_is_on_hold_or_closed_does_not_wait(people):
    flag = raise_flag(people.episode)
    assert any("may have changed" in line for line in lines(people.alice))
    pause = Pause.objects.create(
        organization=people.episode.organization,
        episode=people.episode,
        reason="jail",
        from_on=people.today,
    )
    assert not any("may have changed" in line for line in lines(people.alice))
    pause.delete()
    record_talk(flag=flag, by=people.alice, talked_on=people.today, now=NOW)
    assert not any("may have changed" in line for line in lines(people.alice))


def test_a_note_waits_until_it_is_read_though_the_answers_are_blind(people):
    leave_note(people.episode, NOW - HOUR)
    assert "1 client left a note." in lines(people.alice)
    assert not any("note" in line for line in lines(people.sam))
    assert "1 client left a note." in lines(people.alice, NOW + 8 * DAY)
    note = Rating.objects.get(sealed_note__isnull=False)
    mark_read(rating=note, member=people.alice, now=NOW)
    assert not any("note" in line for line in lines(people.alice))


def test_who_covers_has_it_waiting_too_and_only_then(people):
    raise_flag(people.episode)
    assert not any("may have changed" in line for line in lines(people.bob))
    Cover.objects.create(
        organization=people.alice.organization,
        member=people.alice,
        stands_in=people.bob,
        from_on=people.today,
        to_on=people.today,
    )
    assert any("may have changed" in line for line in lines(people.bob))


def test_messages_that_do_not_arrive_wait_at_the_front_desk_alone(people):
    stop_contact(client=people.episode.client, channel="mail", reason="bounced", now=NOW - HOUR)
    assert lines(people.finn) == ["The messages of 1 client do not arrive."]
    assert lines(people.ada) == []


# ---- the page ----


def agree(people: SimpleNamespace, owner: Membership, due_on: dt.date) -> None:
    agree_on_action(
        counselor=people.alice,
        text="Find a room with a door.",
        owner=owner,
        due_on=due_on,
        by=people.sam,
        now=NOW - 9 * DAY,
    )


def test_what_was_agreed_waits_for_its_owner_from_its_day_on(people):
    agree(people, people.alice, people.today)
    agree(people, people.sam, people.today + DAY)
    assert "1 thing to do is due." in lines(people.alice)
    assert not any("thing" in line for line in lines(people.sam))
    assert "1 thing to do is due." in lines(people.sam, NOW + DAY)


def test_what_is_due_today_is_news_today(people):
    Membership.objects.filter(pk=people.sam.pk).update(mailed_at=NOW - DAY)
    agree(people, people.sam, people.today)
    run(gateway := TestGateway())
    assert names(gateway) == ["sam"]


def test_a_missed_session_waits_for_the_counselor_and_two_working_days_later_for_the_supervisor(
    people,
):
    factories.make_session(people.episode, NOW - HOUR, Session.Status.MISSED)
    called, reached = (
        "1 client is to be called.",
        "On your supervision list, 1 client is to be reached.",
    )
    assert called in lines(people.alice)
    assert reached not in lines(people.sam, NOW + 2 * DAY)
    assert reached in lines(people.sam, NOW + 5 * DAY)  # the Monday
    run(first := TestGateway())
    assert names(first) == ["alice"]
    Membership.objects.filter(pk=people.sam.pk).update(mailed_at=NOW + 2 * DAY)
    run(later := TestGateway(), at=NOW + 5 * DAY)
    assert names(later) == ["sam"]
    record_contact(episode=people.episode, did="reached", by=people.alice, now=NOW + 5 * DAY)
    assert called not in lines(people.alice, NOW + 5 * DAY)
    assert reached not in lines(people.sam, NOW + 5 * DAY)


@pytest.mark.parametrize("name", ["alice", "sam", "finn", "ada", "dana"])
def test_the_page_names_nobody(people, name, monkeypatch):
    monkeypatch.setattr("alliance_site.transactions.database_now", lambda: NOW)
    raise_flag(people.episode)
    leave_note(people.episode)
    browser = Browser()
    browser.force_login(getattr(people, name).user)
    page = browser.get(reverse("waiting")).content.decode()
    assert people.episode.client.code not in page
    assert "too fast" not in page


def test_the_help_page_says_what_every_chip_means(people, monkeypatch):
    monkeypatch.setattr("alliance_site.transactions.database_now", lambda: NOW)
    browser = Browser()
    browser.force_login(people.alice.user)
    page = browser.get(reverse("help")).content.decode()
    explained = re.findall(r"</svg>([^<]*)</span></dt><dd>[^<]", page)
    chips = {*RATINGS_SAY.values(), *WE_DID.values(), CALLED, OVER}
    assert set(explained) == {str(c.label).replace("%(date)s", "November 18") for c in chips}


def test_the_help_page_says_the_figures_of_the_setting(people, monkeypatch):
    monkeypatch.setattr("alliance_site.transactions.database_now", lambda: NOW)
    browser = Browser()
    browser.force_login(people.alice.user)
    assert "about 1 in 100 ratings" in (standard := browser.get(reverse("help")).content.decode())
    people.here.sensitivity = "high"
    people.here.save(update_fields=["sensitivity"])
    high = browser.get(reverse("help")).content.decode()
    assert "about 2 in 100 ratings" in high
    assert "about 5 in 10 of the flags" in high
    assert "about 6 in 10 of the flags" in standard
    assert "only about 2 in 10 were found" in standard
    assert "only about 3 in 10 were found" in high


# ---- the mail ----


def test_whoever_has_something_waiting_gets_one_mail_a_day(people):
    raise_flag(people.episode)
    gateway = TestGateway()
    assert run(gateway).sent == 2
    assert names(gateway) == ["alice", "sam"]
    assert run(gateway, NOW + HOUR).sent == 0
    assert names(gateway) == ["alice", "sam"]


def test_the_same_is_not_told_every_day_but_something_new_is(people):
    raise_flag(people.episode)
    run(first := TestGateway())
    run(second := TestGateway(), NOW + DAY)
    raise_flag(people.peers, NOW + DAY)
    run(third := TestGateway(), NOW + 2 * DAY)
    assert (names(first), names(second)) == (["alice", "sam"], [])
    assert names(third) == ["bob"]


def test_sessions_not_rated_yet_are_on_the_page_and_send_no_mail(people):
    """There is one after nearly every day of work: the mail would come every day."""
    for days in range(3):
        at = NOW + days * DAY
        factories.make_session(people.episode, at - 3 * HOUR)
        assert "session" in " ".join(lines(people.alice, at))
        run(gateway := TestGateway(), at)
        assert names(gateway) == []
    raise_flag(people.episode, NOW + DAY)
    run(gateway := TestGateway(), NOW + 5 * DAY)  # the Monday after
    assert names(gateway) == ["alice", "sam"]


def test_a_flag_that_was_put_off_is_news_on_its_day(people):
    flag = raise_flag(people.episode)
    run(TestGateway())
    again = people.today + 2 * DAY
    move(flag, "watching", now=NOW, reason="not_yet", by=people.alice, until=again)
    run(before := TestGateway(), NOW + DAY)
    run(then := TestGateway(), NOW + 2 * DAY)
    assert (names(before), names(then)) == ([], ["alice", "sam"])


def test_what_nobody_did_anything_about_is_told_again_after_a_week(people):
    raise_flag(people.episode)
    run(TestGateway())
    run(six := TestGateway(), NOW + 6 * DAY)
    run(seven := TestGateway(), NOW + 7 * DAY)
    assert "sam" not in names(six)
    assert "sam" in names(seven)


def test_no_mail_at_night_or_at_the_weekend(people):
    raise_flag(people.episode)
    night, saturday = NOW.replace(hour=8), NOW + 3 * DAY  # 2 am; Saturday
    assert run(TestGateway(), night).sent == 0
    assert run(TestGateway(), saturday).sent == 0
    assert run(TestGateway(), NOW.replace(hour=15)).sent == 2  # 9 am


def test_who_turned_it_off_or_left_gets_none(people):
    raise_flag(people.episode)
    people.alice.daily_mail = False
    people.alice.save(update_fields=["daily_mail"])
    people.sam.ended_on = people.today - DAY
    people.sam.save(update_fields=["ended_on"])
    run(gateway := TestGateway())
    assert names(gateway) == []


def test_it_is_turned_off_on_the_account_page(people, monkeypatch):
    monkeypatch.setattr("alliance_site.transactions.database_now", lambda: NOW)
    browser = Browser()
    browser.force_login(people.alice.user)
    for sent, kept in ({"language": ""}, False), ({"language": "", "daily_mail": "on"}, True):
        browser.post(reverse("account"), sent)
        people.alice.refresh_from_db()
        assert people.alice.daily_mail is kept


def test_the_mail_says_nothing_of_anybody(people):
    raise_flag(people.episode)
    for language in ("en", "es"):
        people.alice.user.language = language
        people.alice.user.save(update_fields=["language"])
        Membership.objects.update(mail_looked_on=None, mailed_at=None)
        run(gateway := TestGateway())
        [letter] = [each for each in gateway.letters if each.to.startswith("alice")]
        text = f"{letter.subject} {letter.text} {letter.sender}"
        assert telling_words(text.replace("https://oak.example/waiting/", "")) == []
        assert people.episode.client.code not in text
        assert "https://oak.example/waiting/" in text
        assert "List-Unsubscribe" not in letter.mail().message()


def test_a_gateway_that_is_away_costs_nobody_the_mail(people):
    raise_flag(people.episode)
    away = run(TestGateway(is_there=False))
    assert (away.sent, away.is_down) == (0, True)
    assert run(TestGateway()).sent == 2


def test_a_refusal_for_now_is_tried_again_and_one_for_good_is_not(people):
    raise_flag(people.episode)
    assert run(TestGateway(NotTaken(for_now=True))).failed == 2
    assert run(TestGateway(AddressRefused())).failed == 2
    assert run(gateway := TestGateway()).sent == 0
    assert names(gateway) == []


def test_an_answer_that_was_lost_is_not_repeated(people):
    raise_flag(people.episode)
    assert run(TestGateway(RuntimeError("alice@example.org"))).failed == 2
    assert run(TestGateway()).sent == 0


def test_two_who_look_at_once_send_one(people):
    """The other machine comes between the look and the claim."""
    raise_flag(people.episode)
    other = TestGateway()

    class Slow(TestGateway):
        __test__ = False

        def open(self) -> None:
            run(other)

    run(slow := Slow())
    assert names(other) == ["alice", "sam"]
    assert names(slow) == []


def test_the_command_sends_it_and_says_so(people):
    raise_flag(people.episode)
    out = io.StringIO()
    with time_machine.travel(NOW, tick=False):
        call_command("send_due", stdout=out, dry_run=True)
        assert "To the staff: 2." in out.getvalue()
        assert mail.outbox == []
        call_command("send_due", stdout=out)
    assert sorted(sent.to[0].partition(".")[0] for sent in mail.outbox) == ["alice", "sam"]
