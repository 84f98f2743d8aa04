"""The one-page report and the line for a note: what is on them, and what never is."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone, translation

from measures.insight.history import histories
from measures.insight.plot import Mark
from measures.insight.report import MOST_ROWS, Report, file_name, note_line, report_of
from measures.insight.report_pdf import COLORS, pdf_of
from measures.insight.story import story_of
from measures.models import Flag, Rater
from measures.repair.talks import record_talk
from sessions.lexicon import telling_words
from sessions.models import AccessEntry, Episode, Session
from sessions.sealing import Identity
from sessions.stories import add_event, change_goal
from tests import factories

pytestmark = pytest.mark.django_db

PAGES = re.compile(rb"/Type /Page\b(?!s)")


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"), timezone.override(factories.ZONE):
        yield


@pytest.fixture
def told(cast) -> Episode:
    """A course that ends low, with everything on record that a report must leave out."""
    episode = factories.make_episode(
        cast.alice, "R-001", cast.today, identity=Identity(name="Kn-Name"), goal="kn-goal"
    )
    sessions = factories.make_course(episode, [9, 9, 8, 9, 9, 8, 9], cast.now)
    last = factories.make_session(episode, cast.now - dt.timedelta(hours=1))
    factories.rate(last, 7, Rater.COUNSELOR, now=cast.now)
    factories.rate(last, (3, 2, 3), now=cast.now, note="kn-note", change_wish="slower")
    change_goal(episode=episode, goal="kn-later", by=cast.alice, today=cast.today)
    add_event(episode=episode, kind="relapse", on=cast.today)
    flag = Flag.objects.get(episode=episode)
    texts = {"en": "kn-promise"}
    record_talk(
        flag=flag,
        by=cast.alice,
        talked_on=cast.today,
        now=cast.now,
        agreed="kn-agreed",
        client_text=texts,
    )
    assert sessions
    return episode


def report_for(cast: SimpleNamespace, episode: Episode, who: str = "alice", **how: Any) -> Report:
    viewer = factories.viewer_of(getattr(cast, who), cast.now)
    episode = (
        Episode.objects.clinical_to(viewer)
        .select_related("client", "counselor", "organization")
        .get(pk=episode.pk)
    )
    [history] = histories(viewer, [episode])
    story = story_of(viewer, history)
    return report_of(viewer, history, story, **{"with_name": False, **how})


def everything_on(report: Any) -> str:
    return str(report if isinstance(report, dict) else dataclasses.asdict(report))


def test_nothing_the_client_wrote_or_agreed_is_on_it(cast, told):
    for who in ("alice", "sam"):
        text = everything_on(report_for(cast, told, who))
        assert "kn-" not in text.lower()
        assert "R-001" in text
        assert "Slower" not in text
    with_name = everything_on(report_for(cast, told, with_name=True))
    assert "Kn-Name" in with_name
    assert "kn-" not in with_name.replace("Kn-Name", "")


def test_it_says_the_numbers_the_flag_the_talk_and_the_event(cast, told):
    report = report_for(cast, told)
    last = report.rows[-1]
    assert (last.number, last.client, last.counselor) == ("8", "2.7", "7.0")
    assert last.happened == "Flag; Talked about; Return to use"
    assert report.about[-1] == "8 sessions held. 8 ratings by the client."
    assert "Printed on" in report.printed
    assert "Alice" in report.printed
    assert any("may become part of the client's record" in line for line in report.what_it_is)


def test_what_is_blind_is_in_no_part_of_it(cast):
    episode = factories.make_episode(cast.alice, "R-002", cast.today)
    factories.make_course(episode, [9, 9, 8, 9, 9], cast.now - dt.timedelta(days=7))
    today = factories.make_session(episode, cast.now - dt.timedelta(hours=1))
    factories.rate(today, 1.5, now=cast.now)
    mine, sams = report_for(cast, episode), report_for(cast, episode, "sam")
    assert (mine.rows[-1].client, sams.rows[-1].client) == ("\N{EN DASH}", "1.5")
    drawn = [shape for shape in mine.plot.shapes if isinstance(shape, Mark)]
    assert [mark.role for mark in drawn].count("client") == 5
    assert "1.5" not in everything_on(dataclasses.asdict(mine) | {"plot": ""})
    assert mine.scale == "The scale shows 4 to 10."
    assert sams.scale == "The scale shows 1 to 10."
    viewer = factories.viewer_of(cast.alice, cast.now)
    [history] = histories(viewer, [episode])
    assert "1.5" not in note_line(history, cast.today)
    assert "session 5," in note_line(history, cast.today)


@pytest.mark.parametrize("sessions", [0, 1, 21, 22, 60, 260])
def test_it_is_one_page_whatever_the_length(cast, sessions):
    episode = factories.make_episode(cast.alice, "R-003", cast.today)
    for week in range(sessions):
        factories.make_session(episode, cast.now - dt.timedelta(days=3 + week))
    report = report_for(cast, episode)
    assert len(report.rows) == min(sessions, MOST_ROWS)
    assert bool(report.left_out) is (sessions > MOST_ROWS)
    assert len(PAGES.findall(pdf_of(report, cast.now))) == 1


def test_the_longest_texts_still_fit_one_page(cast, told):
    for day in range(1, 30):
        for kind in ("relapse", "referral", "life_event"):
            add_event(episode=told, kind=kind, on=cast.today - dt.timedelta(days=3 * day))
    with translation.override("es"):
        assert len(PAGES.findall(pdf_of(report_for(cast, told), cast.now))) == 1


def test_names_in_any_script_do_not_break_the_file(cast, told):
    for name in ("Łukasz Żółć", "Ирина", "مريم", "王", "\U0001f600"):
        cast.alice.name = name
        cast.alice.save(update_fields=["name"])
        assert pdf_of(report_for(cast, told), cast.now).startswith(b"%PDF-")


def test_the_file_is_neutral_whole_and_in_the_log(cast, told, log_in):
    answer = log_in(cast.alice).get(f"/episodes/{told.uuid}/page/file/")
    assert answer.status_code == 200
    assert not answer.streaming
    disposition = answer.headers["Content-Disposition"]
    assert disposition == f'attachment; filename="one-page-{cast.today.isoformat()}.pdf"'
    assert "R-001" not in disposition
    assert not telling_words(file_name(cast.today).replace("-", " "))
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.content.rstrip().endswith(b"%%EOF")
    entry = AccessEntry.objects.latest("pk")
    assert (entry.route, entry.clients) == ("report_file", [told.client_id])
    assert (entry.membership, entry.status) == (cast.alice, 200)


def test_the_same_page_is_the_same_file(cast, told):
    report = report_for(cast, told)
    assert pdf_of(report, cast.now) == pdf_of(report, cast.now)


def test_the_page_shows_the_code_and_the_name_only_where_asked_for(cast, told, log_in):
    alice = log_in(cast.alice)
    page = alice.get(f"/episodes/{told.uuid}/page/").content.decode()
    named = alice.get(f"/episodes/{told.uuid}/page/?name=yes").content.decode()
    assert "Kn-Name" not in page
    assert "Kn-Name (R-001)" in named
    assert page.count('<svg class="chart plot"') == 1
    assert "kn-" not in page


def test_the_ink_is_that_of_the_theme(settings):
    theme = (settings.BASE_DIR / "static" / "css" / "theme.css").read_text()
    for role, token in (
        ("client", "client"),
        ("counselor", "counselor"),
        ("band", "band"),
        ("band-edge", "band-edge"),
        ("flag", "flag"),
        ("back_to_usual", "repair"),
        ("missed", "missed"),
        ("event", "event"),
        ("grid", "grid"),
    ):
        found = re.search(rf"--wa-c-{token}: (#\w+)", theme)
        assert found
        assert COLORS[role] == found[1]


# ---- a line for the note ----


def line(cast: SimpleNamespace, episode: Episode, who: str = "alice") -> str:
    viewer = factories.viewer_of(getattr(cast, who), cast.now)
    [history] = histories(viewer, [episode])
    return note_line(history, cast.today)


def test_the_line_has_the_numbers_and_their_day(cast, told):
    text = line(cast, told)
    assert re.fullmatch(
        r"As of \S+ \d+, \d{4}, the client's last rating was 2\.7 of 10 \(session 8, "
        r"\S+ \d+, \d{4}; usual for this client \d\.\d to \d+\.\d\), the counselor's 7\.0\. "
        r"Lower than usual\. Talked about\.",
        text,
    ), text
    assert "R-001" not in text
    assert "kn-" not in text


@pytest.mark.parametrize(
    ("scores", "own", "has", "lacks"),
    [
        ([], None, "No client ratings to report", "rating was"),
        ([8], None, "was 8.0 of 10 (session 1,", "usual for"),
        ([8], 7, "the counselor's 7.0. Not enough yet.", "usual for"),
        ([8, 9, 8, 9], None, "usual for this client", "the counselor's"),
        ([8, 9, 8, None], 7, "session 3,", "session 4"),
    ],
)
def test_the_line_says_what_there_is(cast, scores, own, has, lacks):
    episode = factories.make_episode(cast.alice, "R-004", cast.today)
    factories.make_course(episode, scores, cast.now - dt.timedelta(days=9), own=own)
    text = line(cast, episode)
    assert has in text
    assert lacks not in text


def test_a_missed_session_is_no_rating(cast):
    episode = factories.make_episode(cast.alice, "R-005", cast.today)
    at = cast.now - dt.timedelta(days=9)
    factories.make_session(episode, at, Session.Status.MISSED)
    assert "No client ratings" in line(cast, episode)
    assert io.BytesIO(pdf_of(report_for(cast, episode), cast.now)).read(4) == b"%PDF"
