"""Everybody's week, task by task from their home page: how many clicks, and how many pages.

The staff walk it by keyboard alone; what has the focus is always to be seen.

The table in CONTRIBUTING.md is what was measured; a task that got longer fails here.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TypeAlias

import pytest
from playwright.sync_api import Locator, Page, expect

from measures.capture.slip_codes import spaced
from measures.models import PaperSlip
from sessions.agreements import stop_contact
from sessions.models import Session
from tests.browser.conftest import LogIn, NewContext
from tests.browser.walking import (
    PHONE,
    Walk,
    answer_by_keyboard,
    choose_by_keyboard,
    pick,
    question,
    type_in,
)
from tests.factories import invite, make_course, make_session

pytestmark = pytest.mark.django_db(transaction=True)

PLANNED = Session.Status.SCHEDULED
Begin: TypeAlias = Callable[[str], Walk]

MOST_CLICKS = 3
CONTRIBUTING = Path(__file__).resolve().parents[2] / "CONTRIBUTING.md"


def from_home(page: Page, person: str) -> Begin:
    def _begin(task: str) -> Walk:
        page.goto("/")
        return Walk(person, task, page)

    return _begin


def check(person: str, lines: list[str]) -> None:
    """The lines of this person in the table are what was just walked."""
    text = CONTRIBUTING.read_text(encoding="utf-8")
    known = [line for line in text.splitlines() if line.startswith(f"| {person} |")]
    assert known == lines, "\n".join(["CONTRIBUTING.md should say:", *lines])


def check_short(lines: list[str]) -> None:
    too_far = [line for line in lines if int(line.split("|")[3]) > MOST_CLICKS]
    assert not too_far, "\n".join(too_far)


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("main").get_by_role("button", name=whole(name))


def link(page: Page, name: str) -> Locator:
    return page.get_by_role("main").get_by_role("link", name=whole(name))


def whole(name: str) -> re.Pattern[str]:
    """What only a screen reader hears may stand apart by a space."""
    return re.compile(rf"^{re.escape(name).replace(':', ' ?:')}$")


def heading(page: Page, name: str) -> Locator:
    return page.get_by_role("heading", level=1, name=name)


def said(page: Page, text: str | re.Pattern[str]) -> Locator:
    return page.get_by_role("status").filter(has_text=text)


def find(walk: Walk, code: str) -> None:
    """A client who does not come today: by the search on the home page."""
    type_in(walk.page.get_by_role("searchbox", name="Find a client"), code)
    walk.click(button(walk.page, "Find"))


# ---- the counselor ----


def test_the_counselors_sessions(page_of: LogIn, busy: SimpleNamespace) -> None:
    page = page_of(busy.alice)
    begin = from_home(page, "Counselor")
    lines = []

    walk = begin("start now, for a walk-in")
    walk.click(page.get_by_role("link", name="Log a session"))
    walk.click(button(page, "Start now: A-006"))
    lines.append(walk.end(heading(page, "Session with A-006")))

    walk = begin("log and rate the next session")
    walk.click(link(page, "Log and rate").or_(link(page, "Log and rate: A-001")))
    for number, value in ((1, 7), (2, 8), (3, 6)):
        answer_by_keyboard(page, number, value)
    walk.click(button(page, "Save"))
    lines.append(walk.end(said(page, "Saved.")))

    walk = begin("show the QR code")
    walk.click(button(page, "Show the QR code for A-003"))
    lines.append(walk.end(page.get_by_role("img", name="QR code of the link below")))

    walk = begin("read an unread note")
    walk.click(button(page, "T-308: Read"))
    lines.append(walk.end(page.get_by_text("You talked more than me.")))

    walk = begin("say what came of a call")
    walk.click(button(page, "A-002: Reached"))
    lines.append(walk.end(page.get_by_text("A-002: Reached.")))

    walk = begin("open a flag, say “talked about”")
    walk.click(link(page, "T-308").last)
    walk.click(link(page, "See what could help"))
    choose_by_keyboard(page.locator("#for-did"), "Talked about")
    walk.click(button(page, "Save"))
    lines.append(walk.end(said(page, re.compile("."))))

    walk = begin("take a case to supervision")
    waiting = page.get_by_role("region", name="Not yet talked about")
    walk.click(waiting.get_by_role("link", name="A-005"))
    choose_by_keyboard(page.locator("#for-did"), "Not yet")
    pick(page.locator("#id_to_supervision"))
    walk.click(button(page, "Save"))
    lines.append(walk.end(page.get_by_text("It is on the agenda.").first))

    walk = begin("see both answers about a session")
    walk.click(link(page, "See the answers: T-308"))
    lines.append(walk.end(link(page, "This answer belongs elsewhere")))

    walk = begin("undo a session logged by mistake")
    card = page.get_by_role("article").filter(has_text="A-003").first
    walk.click(card.get_by_role("link", name="Rate"))
    choose_by_keyboard(page.get_by_role("group", name="What became of it?"), "Cancelled")
    walk.click(button(page, "Save"))
    lines.append(walk.end(said(page, re.compile("."))))

    walk = begin("leave an own rating out")
    walk.click(button(page, "Not this time, A-004"))
    lines.append(walk.end(said(page, re.compile("."))))

    check_short(lines)
    check("Counselor", lines)


def test_the_counselors_clients(page_of: LogIn, busy: SimpleNamespace) -> None:
    make_session(busy.episodes["A-005"], busy.now + dt.timedelta(days=2), PLANNED)
    page = page_of(busy.alice)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    begin = from_home(page, "Counselor, clients")
    lines = []

    walk = begin("open a client who comes today")
    walk.click(link(page, "T-308").last)
    lines.append(walk.end(heading(page, "T-308")))

    walk = begin("open any client")
    find(walk, "a-006")
    lines.append(walk.end(heading(page, "A-006")))

    walk = begin("schedule a session")
    find(walk, "A-006")
    walk.click(link(page, "Schedule"))
    type_in(page.get_by_label("Starts at"), f"{busy.today + dt.timedelta(days=3)}T10:00")
    walk.click(button(page, "Schedule"))
    lines.append(walk.end(said(page, re.compile("."))))

    walk = begin("move a session")
    find(walk, "A-005")
    walk.click(link(page, "Move or cancel"))
    type_in(page.get_by_label("New time"), f"{busy.today + dt.timedelta(days=4)}T11:00")
    walk.click(button(page, "Move it"))
    lines.append(walk.end(said(page, re.compile("."))))

    walk = begin("put a client on hold")
    find(walk, "A-006")
    walk.click(link(page, "Put on hold"))
    pick(page.get_by_label("In detox"))
    walk.click(button(page, "Put on hold"))
    lines.append(walk.end(button(page, "They are back")))

    walk = begin("open an episode")
    walk.click(page.get_by_role("link", name="Log a session"))
    walk.click(link(page, "Somebody new"))
    type_in(page.get_by_label("Code"), "N-001")
    walk.click(button(page, "Open the episode"))
    lines.append(walk.end(heading(page, "N-001")))

    walk = begin("put an event on the chart")
    find(walk, "A-003")
    walk.click(link(page, "Mark an event"))
    pick(page.get_by_role("radio").first)
    type_in(page.get_by_label("When"), str(busy.today))
    walk.click(button(page, "Mark it on the chart"))
    lines.append(walk.end(said(page, re.compile("."))))

    walk = begin("copy a line for a note")
    find(walk, "A-003")
    walk.click(button(page, "Copy a line for my note"))
    lines.append(walk.end(said(page, "Copied")))

    walk = begin("close an episode")
    find(walk, "N-001")
    walk.click(link(page, "Close the episode"))
    pick(page.get_by_label(re.compile("Completed")))
    walk.click(button(page, "Close the episode"))
    lines.append(walk.end(said(page, re.compile("."))))

    walk = begin("plan a group")
    walk.click(page.get_by_role("link", name="Log a session"))
    walk.click(link(page, "A group"))
    pick(page.get_by_label("A-003"))
    page.get_by_label("A-004").check()
    walk.click(button(page, "Save the group"))
    lines.append(walk.end(heading(page, "Group")))

    check_short(lines)
    check("Counselor, clients", lines)


# ---- who supervises, administers, and sits at the front desk ----


def test_the_supervisor(page_of: LogIn, busy: SimpleNamespace) -> None:
    page = page_of(busy.sam)
    begin = from_home(page, "Supervisor")
    lines = []

    walk = begin("open a waiting case, with a reason")
    row = page.get_by_role("region", name="Talk").get_by_role("article").filter(has_text="T-308")
    walk.click(row.locator("summary"))
    walk.click(button(page, "Preparing supervision: T-308"))
    lines.append(walk.end(page.get_by_text("You talked more than me.")))

    walk = begin("open the agenda of one counselor")
    walk.click(link(page, "Alice"))
    lines.append(walk.end(heading(page, "Agenda with Alice")))

    walk = begin("agree on an action")
    walk.click(link(page, "Alice"))
    type_in(page.get_by_label("What was agreed"), "Read up on detox.")
    type_in(page.get_by_label("Who does it"), "Sam")
    type_in(page.get_by_label("By when"), str(busy.today))
    walk.click(button(page, "Save"))
    lines.append(walk.end(page.get_by_text("Read up on detox.").first))

    walk = begin("end an action")
    walk.click(button(page, "Done: Read up on detox."))
    lines.append(walk.end(said(page, re.compile("."))))

    check_short(lines)
    check("Supervisor", lines)


def test_the_administrator(page_of: LogIn, cast: SimpleNamespace) -> None:
    page = page_of(cast.ada)
    begin = from_home(page, "Administrator")
    lines = []

    walk = begin("put somebody on the staff")
    walk.click(link(page, "Staff, supervision, cover"))
    walk.click(link(page, "Put somebody on the staff"))
    type_in(page.get_by_label("E-mail"), "gil@example.org")
    page.get_by_role("textbox", name="Name").fill("Gil")
    pick(page.get_by_role("checkbox", name=re.compile("^Counselor")))
    walk.click(button(page, "Put on the staff"))
    lines.append(walk.end(said(page, re.compile("."))))

    walk = begin("name a cover")
    walk.click(link(page, "Staff, supervision, cover"))
    walk.click(link(page, "Alice"))
    type_in(page.get_by_label("Who stands in"), "Bob")
    type_in(page.locator("#id_to_on"), str(cast.today))
    walk.click(button(page, "Let them stand in"))
    lines.append(walk.end(page.get_by_text("Bob, ").first))

    walk = begin("say who supervises")
    walk.click(link(page, "Staff, supervision, cover"))
    walk.click(link(page, "Bob"))
    type_in(page.get_by_label("Supervisor").last, "Sam")
    walk.click(button(page, "Let them supervise"))
    lines.append(walk.end(page.get_by_text("Sam, since")))

    walk = begin("change the sensitivity, its figures seen")
    walk.click(link(page, "How soon a flag is raised"))
    expect(page.get_by_role("columnheader", name="By chance")).to_be_visible()
    pick(page.get_by_label("more flags"))
    walk.click(button(page, "Save"))
    lines.append(walk.end(said(page, re.compile("."))))

    check_short(lines)
    check("Administrator", lines)


def test_the_front_desk(page_of: LogIn, held: Session, cast: SimpleNamespace) -> None:
    stop_contact(client=cast.peers.client, channel="sms", reason="undelivered", now=cast.now)
    page = page_of(cast.finn)
    begin = from_home(page, "Front desk")
    lines = []

    walk = begin("give a link, as a QR code")
    walk.click(button(page, "Show the QR code for T-308"))
    lines.append(walk.end(page.get_by_role("img", name="QR code of the link below")))

    walk = begin("print slips")
    walk.click(link(page, "Paper slips"))
    pick(page.locator(f'[name="session"][value="{held.uuid}"]'))
    walk.click(button(page, "Make the slips"))
    lines.append(walk.end(page.locator(".slip")))

    walk = begin("type in a slip")
    walk.click(link(page, "Type in a slip"))
    type_in(page.get_by_label("Code of the slip"), spaced(PaperSlip.objects.get().slip_code))
    walk.click(button(page, "Go on"))
    for number, value in ((1, 8), (2, 7), (3, 6)):
        answer_by_keyboard(page, number, value)
    walk.click(button(page, "Save"))
    lines.append(walk.end(said(page, re.compile("."))))

    walk = begin("put a message right")
    walk.click(link(page, "1 client gets no messages"))
    walk.click(button(page, "The address of B-001 is right, start again"))
    lines.append(walk.end(page.get_by_text("Everybody who wants messages gets them.")))

    check_short(lines)
    check("Front desk", lines)


# ---- the client, whose home is the page behind the link ----


def test_the_client(new_context: NewContext, cast: SimpleNamespace) -> None:
    rated, declined = make_course(cast.episode, [9, 9, None, None], cast.now)[2:]
    phone = new_context(**PHONE).new_page()
    lines = []

    phone.goto(f"/rate/{invite(rated, cast.now).token}")
    walk = Walk("Client", "answer, with one thing for next time", phone)
    walk.click(phone.get_by_role("link", name="Start"))
    for number, label in enumerate("876", start=1):
        walk.choose(question(phone, number), label)
    wishes = phone.get_by_role("group", name="one thing you want to be different")
    walk.choose(wishes, "Listen more")
    walk.click(button(phone, "Check my answers"))
    walk.click(button(phone, "Send my answers"))
    lines.append(walk.end(heading(phone, "Thank you.")))

    walk = Walk("Client", "then ask for a call", phone)
    phone.get_by_label("Your phone number").fill("312 555 0142")
    walk.click(button(phone, "Ask Dana to call me"))
    lines.append(walk.end(phone.get_by_text("Dana will call you.")))

    phone.goto(f"/rate/{invite(declined, cast.now).token}")
    walk = Walk("Client", "rather not answer", phone)
    walk.click(phone.get_by_role("link", name="I'd rather not answer"))
    walk.click(phone.get_by_label("I'd rather not answer today."))
    walk.click(button(phone, "OK"))
    lines.append(walk.end(heading(phone, "That is OK.")))

    check("Client", lines)
