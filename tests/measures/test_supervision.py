"""The supervisor's lists, the agenda of one counselor, and how asking goes in a team."""

from __future__ import annotations

import datetime as dt
import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from measures.insight.practice import Practice, practice, quarter_of
from measures.insight.supervision import supervision_lists
from measures.models import Action, Rater
from measures.repair.actions import agree_on_action, text_of
from measures.repair.agenda import take_to_supervision
from sessions.contacts import record_contact
from sessions.models import Cover, Session
from tests import factories

NOW = dt.datetime(2026, 11, 18, 20, tzinfo=dt.UTC)  # a Wednesday, 2 pm in Chicago
DAY = dt.timedelta(days=1)
FALLING: list[float | None] = [9, 9, 8, 9, 9, 8, 9, 3]

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    monkeypatch.setattr("alliance_site.transactions.database_now", lambda: NOW)
    return factories.make_cast(NOW)


@pytest.fixture
def log_in() -> Any:
    def enter(member: Any) -> Browser:
        browser = Browser()
        browser.force_login(member.user)
        return browser

    return enter


def lists(member: Any, at: dt.datetime = NOW) -> Any:
    return supervision_lists(factories.viewer_of(member, at))


def codes(rows: Any) -> list[str]:
    return [row.episode.client.code for row in rows]


def miss(episode: Any, at: dt.datetime) -> Session:
    return factories.make_session(episode, at, Session.Status.MISSED)


# ---- the two lists ----


def test_a_flag_is_on_the_list_with_since_when_and_for_how_long(people):
    factories.make_course(people.episode, FALLING, NOW)
    [row] = lists(people.sam).talk
    assert row.episode == people.episode
    assert row.why == "lower since November 17"
    assert row.days == 1


def test_nobody_elses_cases_are_on_the_lists(people):
    factories.make_course(people.peers, FALLING, NOW)
    miss(people.peers, NOW - 6 * DAY)
    assert (lists(people.sam).talk, lists(people.sam).reach) == ([], [])
    assert (lists(people.rita).talk, lists(people.ada).talk) == ([], [])


def test_who_did_not_come_reaches_the_supervisor_after_two_working_days(people):
    """Missed on a Friday: Monday and Tuesday are the counselor's own."""
    friday = dt.datetime(2026, 11, 13, 16, tzinfo=dt.UTC)
    miss(people.episode, friday)
    tuesday = dt.datetime(2026, 11, 17, 23, tzinfo=dt.UTC)
    assert codes(lists(people.sam, tuesday).reach) == []
    [row] = lists(people.sam).reach
    assert row.why == "did not come on November 13"


def test_a_call_that_got_through_takes_them_off_and_no_answer_does_not(people):
    miss(people.episode, NOW - 6 * DAY)
    record_contact(episode=people.episode, did="no_answer", by=people.alice, now=NOW - 5 * DAY)
    assert codes(lists(people.sam).reach) == ["T-308"]
    record_contact(episode=people.episode, did="reached", by=people.alice, now=NOW - DAY)
    assert codes(lists(people.sam).reach) == []


def test_who_came_since_is_not_to_be_reached(people):
    miss(people.episode, NOW - 9 * DAY)
    factories.make_session(people.episode, NOW - 2 * DAY)
    assert codes(lists(people.sam).reach) == []


def test_three_sessions_without_an_answer_are_quiet_two_are_not(people):
    factories.make_course(people.episode, [9, 9, 9, None, None], NOW - 14 * DAY)
    assert codes(lists(people.sam).reach) == []
    factories.make_session(people.episode, NOW - 7 * DAY)
    [row] = lists(people.sam).reach
    assert row.why == "no answer since October 20"


def test_who_never_answered_is_not_called_quiet(people):
    factories.make_course(people.episode, [None] * 5, NOW - 7 * DAY)
    assert codes(lists(people.sam).reach) == []


def test_a_case_on_hold_or_closed_is_on_no_list(people):
    factories.make_course(people.episode, FALLING, NOW)
    miss(people.episode, NOW - 6 * DAY)
    people.episode.closed_on, people.episode.reason = people.today, "completed"
    people.episode.save(update_fields=["closed_on", "reason"])
    assert (lists(people.sam).talk, lists(people.sam).reach) == ([], [])


# ---- the agenda ----


def test_the_agenda_follows_the_order_of_the_meeting(people, log_in):
    factories.make_course(people.episode, FALLING, NOW)
    page = log_in(people.sam).get(reverse("agenda", args=[people.alice.uuid])).content.decode()
    parts = [
        "How are you?",
        "Actions from last time",
        "own case",
        "Talk",
        "Reach out",
        "First three sessions",
        "Settled",
        "Not answering for four sessions",
        "Agreed, by whom, by when",
    ]
    found = [page.index(f">{part}") if part != "own case" else page.index(part) for part in parts]
    assert found == sorted(found)


def test_what_is_agreed_stands_on_both_agendas_and_on_the_owners_list_when_due(people, log_in):
    sam, alice = log_in(people.sam), log_in(people.alice)
    address = reverse("action_add", args=[people.alice.uuid])
    sent = {
        "text": "Ask what helped",
        "episode": str(people.episode.uuid),
        "owner": str(people.sam.uuid),
        "due_on": "2026-11-20",
    }
    assert sam.post(address, sent).status_code == 302
    action = Action.objects.select_related("episode__client").get()
    assert text_of(action) == "Ask what helped"
    for browser in (sam, alice):
        page = browser.get(reverse("agenda", args=[people.alice.uuid])).content.decode()
        assert "Ask what helped" in page
    assert "Ask what helped" not in sam.get(reverse("supervision")).content.decode()
    Action.objects.update(due_on=people.today)
    assert "Ask what helped" in sam.get(reverse("supervision")).content.decode()
    sam.post(reverse("action_end", args=[action.uuid]), {"outcome": "done", "back": "supervision"})
    action.refresh_from_db()
    assert action.outcome == "done"
    assert "Ask what helped" not in sam.get(reverse("supervision")).content.decode()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"text": ""}, "This field is required."),
        ({"due_on": "2026-11-17"}, "Pick today or a later day."),
        ({"due_on": "soon"}, "Give a date, such as 2026-11-23."),
        ({"due_on": "2029-01-01"}, "Pick a date within a year of today."),
        ({"owner": "bob"}, "Choose one of the two."),
        ({"episode": "peers"}, "Choose one of the clients listed."),
    ],
)
def test_what_cannot_be_agreed_is_said_and_nothing_typed_is_lost(people, log_in, change, sentence):
    sent = {"text": "Ask what helped", "owner": str(people.alice.uuid), "due_on": "2026-11-20"}
    named = {"owner": {"bob": people.bob}, "episode": {"peers": people.peers}}
    for field, value in change.items():
        row = named.get(field, {}).get(value)
        sent[field] = str(row.uuid) if row else value
    answer = log_in(people.sam).post(reverse("action_add", args=[people.alice.uuid]), sent)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert sentence in page
    assert change.get("text") == "" or "Ask what helped" in page
    assert not Action.objects.exists()


def test_an_action_of_the_other_organization_never_was(people, log_in):
    action = agree_on_action(
        counselor=people.eve,
        text="Theirs",
        owner=people.eve,
        due_on=people.today,
        by=people.eve,
        now=NOW,
    )
    answer = log_in(people.sam).post(reverse("action_end", args=[action.uuid]), {"outcome": "done"})
    assert answer.status_code == 404
    action.refresh_from_db()
    assert action.outcome == ""


def test_who_stands_in_reads_the_agenda_and_a_past_supervisor_does_not(people, log_in):
    address = reverse("agenda", args=[people.alice.uuid])
    assert log_in(people.bob).get(address).status_code == 404
    Cover.objects.create(
        organization=people.here,
        member=people.alice,
        stands_in=people.bob,
        from_on=people.today,
        to_on=people.today,
    )
    assert log_in(people.bob).get(address).status_code == 200
    assert log_in(people.rita).get(address).status_code == 404


def test_the_agenda_keeps_the_notes_a_client_kept_to_the_counselor(people, log_in):
    factories.make_course(people.episode, FALLING, NOW)
    for kind, days in (("counselor", 3), ("supervisor", 2)):
        session = factories.make_session(people.episode, NOW - days * DAY)
        factories.rate(session, 7, Rater.COUNSELOR)
        factories.rate(session, 3, note=f"kept for {kind}", note_for=kind)
    page = log_in(people.sam).get(reverse("agenda", args=[people.alice.uuid])).content.decode()
    assert "kept for supervisor" in page
    assert "kept for counselor" not in page


def test_no_page_that_names_counselors_has_an_average_of_one(people, log_in):
    """Two counselors, whose clients answer differently: the mean of neither is anywhere."""
    factories.supervise(people.sam, people.bob, people.today)
    factories.make_course(people.episode, [6, 8.6] * 3, NOW)
    factories.make_course(people.peers, [3, 4.6] * 3, NOW)
    agendas = [reverse("agenda", args=[each.uuid]) for each in (people.alice, people.bob)]
    of_staff = [reverse(route) for route in ("staff", "settings", "sensitivity", "corrections")]
    pages = {
        people.sam: [reverse("supervision"), *agendas, reverse("waiting")],
        people.ada: [*of_staff, reverse("staff_member", args=[people.alice.uuid])],
    }
    for member, addresses in pages.items():
        browser = log_in(member)
        for address in addresses:
            answer = browser.get(address)
            assert answer.status_code == 200, address
            page = answer.content.decode()
            words = re.sub(r"<svg.*?</svg>|<[^>]*>", " ", page, flags=re.DOTALL)
            found = re.findall(r"(?<![\d.])(?:7[.,]3|3[.,]8)(?!\d)", words)
            assert found == [], (address, found)


def test_what_the_counselor_takes_to_supervision_stands_there_with_the_question(people, log_in):
    factories.make_course(people.episode, FALLING, NOW)
    flag = people.episode.flags.get()
    take_to_supervision(flag=flag, by=people.alice, now=NOW, note="What do I not see?")
    for member in (people.sam, people.alice):
        page = log_in(member).get(reverse("agenda", args=[people.alice.uuid])).content.decode()
        assert "What do I not see?" in page


# ---- opening a case from a list: its reason in place ----


def reasons(page: str, case: Any, way_on: str) -> int:
    """How many forms on the page ask why, for this case, and go on to that page."""
    opens = reverse("case_open", args=[case.uuid])
    return len(re.findall(f'action="{opens}">.*?name="next" value="{way_on}"', page))


def test_a_case_of_the_talk_list_opens_at_its_flag_by_its_reason_in_one_tap(people, log_in):
    factories.make_course(people.episode, FALLING, NOW)
    sam, flag = log_in(people.sam), reverse("flag", args=[people.episode.flags.get().uuid])
    page = sam.get(reverse("supervision")).content.decode()
    assert reasons(page, people.episode, flag) == 1
    assert f'href="{flag}"' not in page, "a link would lead to the question, on a page of its own"
    opens = reverse("case_open", args=[people.episode.uuid])
    answer = sam.post(opens, {"purpose": "asked", "next": flag}, follow=True)
    assert (answer.status_code, answer.redirect_chain) == (200, [(flag, 302)])
    page = sam.get(reverse("supervision")).content.decode()
    assert (reasons(page, people.episode, flag), f'href="{flag}"' in page) == (0, True)


def test_every_case_of_an_agenda_asks_in_place_and_links_once_the_reason_is_said(people, log_in):
    """Talk, the case table, the pick, who is quiet: the agenda names one client four times."""
    factories.make_course(people.episode, [*FALLING, None, None, None, None], NOW)
    flag = people.episode.flags.get()
    take_to_supervision(flag=flag, by=people.alice, now=NOW)
    agenda, sam = reverse("agenda", args=[people.alice.uuid]), log_in(people.sam)
    at_flag = reverse("flag", args=[flag.uuid])
    at_case = reverse("episode", args=[people.episode.uuid])
    page = sam.get(agenda).content.decode()
    assert (reasons(page, people.episode, at_flag), reasons(page, people.episode, at_case)) == (
        1,
        4,
    )
    assert (f'href="{at_flag}"' in page, f'href="{at_case}"' in page) == (False, False)
    factories.say_why(people.sam, NOW)
    page = sam.get(agenda).content.decode()
    assert "case_open" not in page
    assert (page.count(f'href="{at_flag}"'), page.count(f'href="{at_case}"')) == (1, 4)


def test_nobody_is_asked_about_a_case_of_their_own(people, log_in):
    factories.make_course(people.episode, FALLING, NOW)
    agenda = reverse("agenda", args=[people.alice.uuid])
    factories.cover(people.alice, people.bob, people.today)
    for member in (people.alice, people.bob):
        page = log_in(member).get(agenda).content.decode()
        assert "Why are you opening this?" not in page
    people.sam.counselor = True
    people.sam.save()
    factories.cover(people.alice, people.sam, people.today)
    assert "Why are you opening this?" not in log_in(people.sam).get(agenda).content.decode()


def test_what_is_due_from_supervision_asks_for_the_reason_in_place(people, log_in):
    agree_on_action(
        counselor=people.alice,
        text="Call their doctor",
        owner=people.sam,
        due_on=people.today,
        by=people.sam,
        now=NOW,
        episode=people.episode,
    )
    page = log_in(people.sam).get(reverse("supervision")).content.decode()
    assert reasons(page, people.episode, reverse("episode", args=[people.episode.uuid])) == 1


# ---- practice ----


def team(people: SimpleNamespace, counselors: int, clients: int) -> None:
    members = [people.alice, people.bob]
    factories.supervise(people.sam, people.bob, people.today)
    for number in range(counselors - 2):
        member = factories.make_member(people.here, f"More{number}", people.today, counselor=True)
        factories.supervise(people.sam, member, people.today)
        members.append(member)
    for number in range(clients):
        counselor = members[number % len(members)]
        episode = factories.make_episode(counselor, f"P-{number}", people.today)
        session = factories.make_session(episode, NOW - 2 * DAY)
        if number == 0:
            factories.rate(session, (None, None, None), declined=True)
        elif number < 4:
            factories.rate(session, 8)


def figures(people: SimpleNamespace) -> list[Practice]:
    return practice(factories.viewer_of(people.sam, NOW))


def test_the_figures_count_the_team_in_words(people, log_in):
    team(people, 3, 6)
    [this] = figures(people)
    assert (this.sessions, this.asked, this.answered, this.declined) == (6, 4, 3, 1)
    page = log_in(people.sam).get(reverse("supervision")).content.decode()
    assert "Clients were asked after 4 of 6 sessions." in page
    assert "They declined 1 time." in page


def test_figures_of_last_quarter_alone_are_called_so(people, log_in):
    """In the first days of a quarter too little has happened in it to be shown."""
    team(people, 3, 6)
    Session.objects.update(starts_at=NOW - 60 * DAY)
    page = log_in(people.sam).get(reverse("supervision")).content.decode()
    assert "Last quarter" in page
    assert "This quarter" not in page


@pytest.mark.parametrize(("counselors", "clients"), [(2, 6), (3, 4)])
def test_a_small_team_has_no_figures(people, log_in, counselors, clients):
    team(people, counselors, clients)
    assert figures(people) == []
    page = log_in(people.sam).get(reverse("supervision")).content.decode()
    assert "Too few people to show without pointing at someone." in page


@pytest.mark.parametrize(
    ("day", "start", "end"),
    [
        ("2026-01-01", "2026-01-01", "2026-04-01"),
        ("2026-06-30", "2026-04-01", "2026-07-01"),
        ("2026-09-30", "2026-07-01", "2026-10-01"),
        ("2026-12-31", "2026-10-01", "2027-01-01"),
    ],
)
def test_quarters(day, start, end):
    found = quarter_of(dt.date.fromisoformat(day))
    assert (found.start.isoformat(), found.end.isoformat()) == (start, end)
