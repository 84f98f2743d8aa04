"""Paper slips: printed with a code, typed in later with the true day, stored as any answer is."""

from __future__ import annotations

import datetime as dt
import doctest
import re
import uuid
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError
from django.test import Client as Browser

from measures.capture import slip_codes
from measures.capture.answers import Answers
from measures.capture.asking import ask_about, withdraw_request
from measures.capture.services import waive_blind
from measures.capture.slip_codes import SIGNS, MistypedCode, read_code, spaced
from measures.capture.slips import WrongDay, enter_slip, print_slips
from measures.models import (
    Assessment,
    Flag,
    InstrumentVersion,
    PaperSlip,
    Rater,
    Rating,
    RatingRequest,
    unrated_sessions,
)
from sessions.agreements import agree, refuse
from sessions.lexicon import telling_words
from sessions.models import (
    AccessEntry,
    Client,
    Consent,
    Cover,
    Episode,
    GroupMeeting,
    Membership,
    Pause,
    Session,
)
from sessions.sealing import unseal
from sessions.services import close_episode
from tests import factories

NOW = dt.datetime(2026, 11, 18, 20, tzinfo=dt.UTC)  # a Wednesday, 2 pm in Chicago
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
WHERE_IT_DOES_NOT_GO = {"court", "probation", "corte", "juez", "المحكمة", "المراقبة"}
MARKS = {"respect": "8", "understanding": "6", "goals": "7"}

pytestmark = pytest.mark.django_db


class Clock:
    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.patch = patch
        self.at(NOW)

    def at(self, now: dt.datetime) -> None:
        self.now = now
        self.patch.setattr("alliance_site.transactions.database_now", lambda: now)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def people() -> SimpleNamespace:
    return factories.make_cast(NOW)


@pytest.fixture
def session(people: SimpleNamespace) -> Session:
    """Held an hour ago and rated by the counselor."""
    session = factories.make_session(people.episode, NOW - HOUR)
    factories.rate(session, 7, Rater.COUNSELOR, now=NOW)
    return session


@pytest.fixture
def finn(people: SimpleNamespace, log_in: Any) -> Browser:
    browser: Browser = log_in(people.finn)
    return browser


@pytest.fixture
def alice(people: SimpleNamespace, log_in: Any) -> Browser:
    browser: Browser = log_in(people.alice)
    return browser


def print_one(session: Session, people: SimpleNamespace, now: dt.datetime = NOW) -> PaperSlip:
    [slip] = print_slips(sessions=[session], by=people.finn, now=now).slips
    return slip


def fields(**given: str) -> dict[str, str]:
    usual = {"what": "answers", "given_on": "2026-11-18", "rating_uuid": str(uuid.uuid4())}
    return usual | given


def enter(browser: Browser, session: Session, **given: str) -> Any:
    return browser.post(f"/sessions/{session.uuid}/slip/", fields(**given))


def find(browser: Browser, code: str) -> Any:
    return browser.post("/slips/enter/", {"slip_code": code})


def text_of(response: Any) -> str:
    return str(response.content.decode())


def said(browser: Browser, response: Any) -> str:
    """The page an answer leads to."""
    if response.status_code == 302:
        response = browser.get(response.headers["Location"], follow=True)
    return text_of(response)


def answer_about(session: Session) -> Rating | None:
    return Rating.objects.current().by(Rater.CLIENT).filter(session=session).first()


# ---- codes ----


def test_the_examples_of_codes_come_out_as_they_say():
    result = doctest.testmod(slip_codes)
    assert (result.attempted, result.failed) == (3, 0)


def test_one_wrong_sign_is_always_noticed():
    code = slip_codes.new_code()
    wrong = [
        code[:place] + sign + code[place + 1 :]
        for place in range(len(code))
        for sign in SIGNS
        if sign != code[place]
    ]
    assert len(wrong) == 7 * 22
    assert [each for each in wrong if is_code(each)] == []


def test_two_signs_that_changed_places_are_always_noticed():
    code = "K7M4WP8"
    swapped = set()
    for one in range(7):
        for other in range(one):
            signs = list(code)
            signs[one], signs[other] = signs[other], signs[one]
            swapped.add("".join(signs))
    assert len(swapped) == 21
    assert [each for each in swapped if is_code(each)] == []


def is_code(typed: str) -> bool:
    try:
        read_code(typed)
    except MistypedCode:
        return False
    return True


@pytest.mark.parametrize("typed", ["K7M-4WP8", " k7m 4wp8 ", "k7m4wpb", "K7M\u20134WP8"])
def test_a_code_is_read_however_it_is_typed(typed):
    assert read_code(typed) == "K7M4WP8"


@pytest.mark.parametrize("typed", ["", "K7M4WP", "K7M4WP88", "K7M4WPÜ", "OIL0-1QU", "'; --"])
def test_what_cannot_be_a_code_is_none(typed):
    assert not is_code(typed)


def test_no_sign_looks_like_another_and_no_code_is_a_word():
    assert set(SIGNS).isdisjoint("01OQILBSZGAEU")
    assert len(set(SIGNS)) == 23  # a prime, which the check relies on


# ---- printing ----


def test_a_session_has_one_slip_however_often_it_is_printed(people, session):
    first = print_one(session, people)
    again = print_one(session, people, NOW + DAY)
    assert (first.pk, first.slip_code, again.printed_at) == (again.pk, again.slip_code, NOW)


def test_two_slips_of_one_organization_never_share_a_code(people, session, monkeypatch):
    slip = print_one(session, people)
    other = factories.make_session(people.peers, NOW - HOUR)
    codes = iter([slip.slip_code, "K7M4WP8"])
    monkeypatch.setattr("measures.capture.slips.new_code", lambda: next(codes))
    assert print_one(other, people).slip_code == "K7M4WP8"


def test_printing_asks_about_a_held_session_and_not_yet_about_one_to_come(people, session):
    print_one(session, people)
    planned = factories.make_session(people.peers, NOW + HOUR, Session.Status.SCHEDULED)
    print_one(planned, people)
    assert [each.session for each in RatingRequest.objects.all()] == [session]


def test_who_must_not_be_asked_gets_no_slip_and_is_named(people, finn, session):
    missed = factories.make_session(people.peers, NOW - HOUR, Session.Status.MISSED)
    refusing = factories.make_session(people.episode, NOW - 2 * HOUR)
    agree(
        client=people.episode.client,
        purpose=Consent.Purpose.ASKED,
        text_version="1",
        how="",
        now=NOW,
    )
    refuse(
        text_version="2026-11",
        client=people.episode.client,
        purpose=Consent.Purpose.ASKED,
        how="said so",
        now=NOW,
    )
    chosen = {"session": [str(each.uuid) for each in (missed, refusing)]}
    page = said(finn, finn.post("/slips/", chosen))
    assert "No slip for B-001. It was not held." in page
    assert "No slip for T-308. The client does not want to be asked." in page
    assert not PaperSlip.objects.exists()
    assert not RatingRequest.objects.exists()


@pytest.mark.parametrize("declined", [True, False])
def test_who_answered_gets_no_slip_and_a_decline_looks_the_same(people, finn, session, declined):
    given = (None, None, None) if declined else 8
    factories.rate(session, given, now=NOW, declined=declined)
    page = said(finn, finn.post("/slips/", {"session": str(session.uuid)}))
    assert "No slip for T-308. An answer for this session is already here." in page


def test_a_paused_client_gets_no_slip(people, finn, session):
    Pause.objects.create(
        organization=people.here, episode=people.episode, reason="travel", from_on=people.today
    )
    assert "is on hold" in said(finn, finn.post("/slips/", {"session": str(session.uuid)}))


def test_the_list_ticks_who_chose_paper_and_offers_nothing_to_who_is_done(people, finn, session):
    Client.objects.filter(pk=people.episode.client_id).update(answers_by=Client.AnswersBy.PAPER)
    other = factories.make_session(people.peers, NOW + HOUR, Session.Status.SCHEDULED)
    done = factories.make_session(people.carls, NOW - HOUR)
    factories.rate(done, 8, now=NOW)
    page = text_of(finn.get("/slips/"))
    ticked = {
        uuid_: "checked" in rest
        for uuid_, rest in re.findall(r'name="session" value="([0-9a-f-]+)"([^>]*)>', page)
    }
    assert ticked == {str(session.uuid): True, str(other.uuid): False}
    assert "C-001" in page
    tomorrow = text_of(finn.get("/slips/?day=2026-11-19"))
    assert "No sessions on this day." in tomorrow
    for nonsense in ("2026-02-30", "x", "2026-99-99", "0"):
        assert "T-308" in text_of(finn.get(f"/slips/?day={nonsense}"))


def test_a_counselor_prints_for_the_own_day_only(people, alice, session):
    others = factories.make_session(people.peers, NOW - HOUR)
    assert "B-001" not in text_of(alice.get("/slips/"))
    alice.post("/slips/", {"session": [str(session.uuid), str(others.uuid)]})
    assert [slip.session for slip in PaperSlip.objects.all()] == [session]
    print_one(others, people)
    sheet = text_of(alice.get(f"/slips/sheet/?session={session.uuid}&session={others.uuid}"))
    assert sheet.count('class="slip"') == 1


def test_a_whole_group_is_printed_at_once_with_the_questions_of_a_group(people, alice):
    meeting = GroupMeeting.objects.create(
        organization=people.here, counselor=people.alice, starts_at=NOW - HOUR
    )
    second = factories.make_episode(people.alice, "T-309", people.today)
    for episode in (people.episode, second):
        session = factories.make_session(episode, NOW - HOUR)
        Session.objects.filter(pk=session.pk).update(group=meeting)
    page = said(alice, alice.post("/slips/", {"group": str(meeting.uuid)}))
    assert page.count('class="slip"') == 2
    assert page.count("How much respect was there in the group today?") == 2
    assert "between you and Alice" not in page


def test_nothing_chosen_and_nonsense_are_said_and_do_nothing(people, finn):
    for chosen in ({}, {"session": ["x", str(uuid.uuid4())]}, {"group": "1"}):
        assert "Choose for whom to print a slip." in said(finn, finn.post("/slips/", chosen))
    for query in ("", "?session=x", f"?session={uuid.uuid4()}"):
        assert finn.get(f"/slips/sheet/{query}").headers["Location"] == "/slips/"


def test_the_sheet_is_logged_with_everybody_on_it(people, finn, session):
    other = factories.make_session(people.peers, NOW - HOUR)
    finn.post("/slips/", {"session": [str(session.uuid), str(other.uuid)]})
    finn.get(f"/slips/sheet/?session={session.uuid}&session={other.uuid}")
    entry = AccessEntry.objects.get(route="slips_sheet")
    assert set(entry.clients) == {people.episode.client_id, people.peers.client_id}


# ---- what stands on it ----


def slip_text(browser: Browser, session: Session) -> str:
    page = said(browser, browser.post("/slips/", {"session": str(session.uuid)}))
    [article] = re.findall(r'<article class="slip".*?</article>', page, re.DOTALL)
    return str(article)


def test_a_slip_says_who_reads_it_that_one_may_leave_it_and_whom_to_call(people, finn, session):
    people.here.crisis_text = "If you need help now, call 988."
    people.here.save()
    text = slip_text(finn, session)
    for sentence in (
        "Alice and Sam can see your answers. We do not send them to court or probation.",
        "Sam sees your answers, and your note only if you say so.",
        "Somebody on our staff types this in, and reads it then.",
        "You do not have to answer, and you can skip any of them.",
        "No one reads this right away.",
        "If you need help now, call 988.",
        "How much respect was there between you and Alice today, both ways?",
        "No, it was fine",
        "Please fold it and hand it in by Sunday, November 22.",
    ):
        assert sentence in text, sentence
    assert text.count("slip-circle") == 33
    assert "front desk cannot" not in text  # who types it in may be the front desk


def test_a_slip_holds_nothing_that_says_whose_it_is(people, finn, session):
    text = slip_text(finn, session)
    slip = PaperSlip.objects.get()
    assert spaced(slip.slip_code) in text
    for telling in ("T-308", "Jo Doe", str(session.uuid), str(people.episode.client.uuid)):
        assert telling not in text


@pytest.mark.parametrize("language", ["en", "es", "ar"])
def test_a_slip_has_no_word_about_health(people, finn, session, language):
    """But for where answers do not go, which the form says, too."""
    Client.objects.filter(pk=people.episode.client_id).update(language=language)
    text = re.sub(r"<[^>]+>|For our staff.*", " ", slip_text(finn, session))
    assert len(text.split()) > 80
    assert set(telling_words(text)) <= WHERE_IT_DOES_NOT_GO


def test_without_a_supervisor_nobody_is_asked_who_may_read(people, finn):
    session = factories.make_session(people.peers, NOW - HOUR)
    text = slip_text(finn, session)
    assert "Only Bob reads your note." in text
    assert "Who may read your note?" not in text


@pytest.mark.parametrize(
    ("language", "direction", "words"),
    [
        ("es", "ltr", ("Tres preguntas", "Hoy, ¿cuánto respeto hubo", "hasta el domingo 22 de")),
        ("ar", "rtl", ("ثلاثة أسئلة", "كم كان مقدار الاحترام", "التاريخ")),
        ("xx", "ltr", ("Three questions",)),
    ],
)
def test_a_slip_is_in_the_clients_language(*, people, finn, session, language, direction, words):
    Client.objects.filter(pk=people.episode.client_id).update(language=language)
    text = slip_text(finn, session)
    assert f'dir="{direction}"' in text.partition(">")[0]
    assert [word for word in words if word not in text] == []
    assert "For our staff." in text  # who reads that reads English


# ---- the code of one that came back ----


def test_the_code_leads_to_the_slip_and_only_who_may_type_it_in(people, log_in, session):
    slip = print_one(session, people)
    leads_to = f"/sessions/{session.uuid}/slip/"
    for person in (people.finn, people.alice):
        assert find(log_in(person), spaced(slip.slip_code)).headers["Location"] == leads_to
    never = text_of(find(log_in(people.bob), slip_codes.with_check("222222")))
    for person in (people.bob, people.eve):
        response = find(log_in(person), slip.slip_code)
        assert response.status_code == 422
        assert "No slip of yours has this code." in text_of(response)
        assert shape(text_of(response)) == shape(never)
    for person in (people.sam, people.ada, people.dana):
        assert find(log_in(person), slip.slip_code).status_code == 404


def shape(page: str) -> str:
    """The main part of a page, without what differs from request to request or was typed."""
    main = page[page.index("<main") : page.index("</main")]
    return re.sub(r'name="(csrfmiddlewaretoken|slip_code)" value="[^"]*"', "", main)


def test_who_both_supervises_and_counsels_types_in_the_own_clients_slips_only(
    people, log_in, session
):
    Membership.objects.filter(pk=people.sam.pk).update(counselor=True)
    slip = print_one(session, people)
    sam = log_in(people.sam)
    assert "No slip of yours" in text_of(find(sam, slip.slip_code))
    assert sam.get(f"/sessions/{session.uuid}/slip/").status_code == 404


def test_a_typing_slip_is_told_from_a_code_nobody_has(people, finn):
    assert "A sign of this code is wrong" in text_of(find(finn, "K7M-4WP9"))
    assert "No slip of yours has this code." in text_of(find(finn, "K7M-4WP8"))
    assert "Type the code that stands at the top" in text_of(find(finn, " "))
    assert "K7M-4WP9" in text_of(find(finn, "K7M-4WP9"))  # nothing is lost


def test_a_page_for_a_session_without_a_slip_is_not_there(people, finn, session):
    assert finn.get(f"/sessions/{session.uuid}/slip/").status_code == 404


# ---- typing it in ----


def test_what_is_typed_in_is_stored_with_everything_around_it(people, finn, clock, session):
    print_one(session, people)
    clock.at(NOW + 2 * DAY)
    given = MARKS | {"change_wish": "plan", "note": "Un poco rápido.", "note_for": "supervisor"}
    around = {"helper": "interpreter", "present": "counselor", "given_on": "2026-11-19"}
    Client.objects.filter(pk=people.episode.client_id).update(language="es")
    assert enter(finn, session, **given, **around).headers["Location"] == "/slips/enter/"
    rating = answer_about(session)
    assert rating
    assert (rating.respect, rating.understanding, rating.goals) == (8, 6, 7)
    assert (rating.outcome, rating.change_wish, rating.note_for) == (
        "complete",
        "plan",
        "supervisor",
    )
    assert unseal(people.episode.client, "note", rating.sealed_note) == "Un poco rápido."
    assert (rating.way_in, rating.input_kind, rating.language) == ("paper", "paper", "es")
    assert (rating.helper, rating.present, rating.entered_by) == (
        "interpreter",
        "counselor",
        people.finn,
    )
    noon = dt.datetime(2026, 11, 19, 18, tzinfo=dt.UTC)
    assert (rating.given_at, rating.stored_at) == (noon, NOW + 2 * DAY)
    assert rating.request == RatingRequest.objects.get()


def test_the_page_of_both_ratings_says_how_it_came_in(people, finn, alice, clock, session):
    print_one(session, people)
    clock.at(NOW + DAY)
    enter(finn, session, **MARKS, helper="family", present="others")
    page = text_of(alice.get(f"/sessions/{session.uuid}/answers/"))
    assert "Answered on paper on Wednesday, November 18, typed in by Finn on Thursday" in page
    assert "Family or a friend helped. Somebody else was in the room." in page


def test_what_was_left_blank_is_skipped(people, finn, session):
    print_one(session, people)
    enter(finn, session, respect="0", goals="skip")
    rating = answer_about(session)
    assert rating
    assert list(rating.facet_values) == [0, None, None]
    assert rating.outcome == "partial"


def test_a_blank_paper_and_a_decline_are_told_apart(people, finn, session):
    other = factories.make_session(people.peers, NOW - HOUR)
    for each in (session, other):
        print_one(each, people)
    assert enter(finn, session, what="blank").status_code == 302
    assert enter(finn, other, what="declined").status_code == 302
    blank, declined = answer_about(session), answer_about(other)
    assert blank
    assert declined
    assert (blank.outcome, declined.outcome) == ("partial", "declined")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "Nothing is typed in yet. Is the paper blank?"),
        ({"what": "declined", "respect": "4"}, "Answers are typed in below."),
        ({"what": "blank", "note": "x"}, "Answers are typed in below."),
        ({"what": "", **MARKS}, "Say what is on the paper."),
        ({"respect": "11"}, "Choose a number from 0 to 10, or skip this one."),
        ({"respect": "7.5"}, "Choose a number from 0 to 10, or skip this one."),
        ({**MARKS, "input_kind": "slider", "goals": "7.5"}, "Choose a number from 0 to 10"),
        ({**MARKS, "change_wish": "money"}, "Choose one of these, or none."),
        ({**MARKS, "note": "x" * 1001}, "That is a little too long. 1000 letters fit."),
        ({**MARKS, "note_for": "everybody"}, "Choose who may read your note."),
        ({**MARKS, "given_on": ""}, "Give the day it was filled in."),
        ({**MARKS, "given_on": "yesterday"}, "Give a date, such as 2026-11-23."),
        ({**MARKS, "given_on": "2026-11-19"}, "Pick a date that is not in the future."),
        (
            {**MARKS, "given_on": "2026-11-17"},
            "Nobody can have filled it in before Wednesday, November 18.",
        ),
        ({**MARKS, "rating_uuid": "x"}, "Something needs another look. Nothing is lost."),
        ({**MARKS, "helper": "counselor"}, "Something needs another look. Nothing is lost."),
    ],
)
def test_what_cannot_be_is_refused_and_stays_typed_in(people, finn, session, given, sentence):
    print_one(session, people)
    response = enter(finn, session, **given)
    assert response.status_code == 422
    page = text_of(response)
    assert sentence in page
    assert not Rating.objects.by(Rater.CLIENT).exists()
    if given.get("respect") in {"8", "4"}:
        assert re.search(rf'id="respect-{given["respect"]}"[^>]* checked', page)


def test_on_the_day_itself_it_was_given_between_the_session_and_now(people, finn, session):
    print_one(session, people)
    enter(finn, session, **MARKS)
    rating = answer_about(session)
    assert rating
    assert session.starts_at <= rating.given_at <= NOW


def test_nobody_filled_in_a_slip_before_it_was_printed(people, finn, clock, session):
    print_one(session, people, NOW + DAY)
    clock.at(NOW + DAY)
    page = text_of(enter(finn, session, **MARKS, given_on="2026-11-18"))
    assert "Nobody can have filled it in before Thursday, November 19." in page
    assert enter(finn, session, **MARKS, given_on="2026-11-19").status_code == 302


def test_paper_given_in_time_is_typed_in_after_the_request_ran_out(people, finn, clock, session):
    """Printed and asked about on the 18th, for four days."""
    print_one(session, people)
    clock.at(NOW + 30 * DAY)
    late = text_of(enter(finn, session, **MARKS, given_on="2026-11-23"))
    assert "It could be filled in until Sunday, November 22." in late
    assert not Rating.objects.by(Rater.CLIENT).exists()
    assert enter(finn, session, **MARKS, given_on="2026-11-22").status_code == 302


def test_paper_given_in_time_counts_after_a_newer_request_took_its_place(
    people, finn, clock, session
):
    print_one(session, people)
    newer = factories.make_session(people.episode, NOW + 2 * DAY)
    print_one(newer, people, NOW + 2 * DAY)
    assert RatingRequest.objects.get(session=session).superseded_at
    clock.at(NOW + 3 * DAY)
    assert enter(finn, session, **MARKS).status_code == 302
    rating = answer_about(session)
    assert rating
    assert rating.request == RatingRequest.objects.get(session=session)


def test_who_got_more_time_has_it_on_paper_as_well(people, finn, clock, session):
    """The request's time was nearly up when somebody made a link, so it was given new time."""
    print_one(session, people)
    clock.at(NOW + 3.5 * DAY)
    factories.invite(session, clock.now)
    clock.at(NOW + 10 * DAY)
    late = text_of(enter(finn, session, **MARKS, given_on="2026-11-27"))
    assert "It could be filled in until Thursday, November 26." in late
    assert enter(finn, session, **MARKS, given_on="2026-11-26").status_code == 302


@pytest.mark.parametrize("days", [-1, 1, 5])
def test_the_service_takes_no_impossible_day_either(people, session, days):
    """A session may be moved while somebody fills in the form."""
    slip = print_one(session, people)
    with pytest.raises(WrongDay):
        enter_slip(
            slip=slip,
            viewer=factories.viewer_of(people.finn, NOW),
            answers=Answers(8, 8, 8),
            given_on=people.today + days * DAY,
            rating_uuid=uuid.uuid4(),
        )
    assert not Rating.objects.by(Rater.CLIENT).exists()


def test_where_nobody_supervises_a_note_stays_with_the_counselor(people, finn):
    session = factories.make_session(people.peers, NOW - HOUR)
    print_one(session, people)
    enter(finn, session, **MARKS, note="For both.", note_for="supervisor")
    rating = answer_about(session)
    assert rating
    assert rating.note_for == "counselor"


def test_after_ninety_days_a_slip_is_not_typed_in(people, finn, clock, session):
    slip = print_one(session, people)
    clock.at(NOW + 90 * DAY)
    assert find(finn, slip.slip_code).status_code == 302
    clock.at(NOW + 90 * DAY + HOUR)
    assert "older than 90 days" in text_of(find(finn, slip.slip_code))
    assert enter(finn, session, **MARKS).status_code == 409
    assert answer_about(session) is None


def test_a_slip_of_an_older_wording_is_stored_with_that_wording(people, finn, session):
    old = InstrumentVersion.objects.order_by("number").first()
    assert old
    PaperSlip.objects.filter(pk=print_one(session, people).pk).update(instrument_version=old)
    assert RatingRequest.objects.get().instrument_version != old
    enter(finn, session, **MARKS)
    rating = answer_about(session)
    assert rating
    assert rating.instrument_version == old


# ---- once ----


def test_the_same_form_twice_is_stored_once(people, finn, session):
    print_one(session, people)
    sent = fields(**MARKS)
    address = f"/sessions/{session.uuid}/slip/"
    for _time in range(2):
        assert finn.post(address, sent).headers["Location"] == "/slips/enter/"
    assert Rating.objects.by(Rater.CLIENT).count() == 1


def test_a_used_slip_says_so_and_nothing_changes(people, finn, session):
    slip = print_one(session, people)
    enter(finn, session, **MARKS)
    sentence = "This slip was typed in already. Nothing was changed."
    assert sentence in text_of(find(finn, slip.slip_code))
    assert sentence in said(finn, finn.get(f"/sessions/{session.uuid}/slip/"))
    for marks in (MARKS, {"respect": "1"}):  # the same again tells no more than others do
        response = enter(finn, session, **marks)
        assert response.status_code == 409
        assert sentence in text_of(response)
    [rating] = Rating.objects.by(Rater.CLIENT)
    assert rating.respect == 8


@pytest.mark.parametrize("declined", [True, False], ids=["declined", "answered"])
def test_for_the_front_desk_an_answer_by_link_is_an_answer_whatever_it_was(
    people, finn, session, declined
):
    slip = print_one(session, people)
    given = (None, None, None) if declined else (8, 6, 7)
    factories.rate(session, given, now=NOW, declined=declined)
    sentence = "An answer for this session is already here, and it stays."
    assert sentence in text_of(find(finn, slip.slip_code))
    for sent in (MARKS, {"what": "declined"}):  # the very same answers, and others
        response = enter(finn, session, **sent)
        assert response.status_code == 409
        assert sentence in text_of(response)
    assert Rating.objects.by(Rater.CLIENT).count() == 1


def test_the_counselor_types_in_what_a_client_wrote_who_had_declined_before(people, alice, session):
    slip = print_one(session, people)
    factories.rate(session, (None, None, None), now=NOW, declined=True)
    assert find(alice, slip.slip_code).status_code == 302
    assert enter(alice, session, **MARKS).status_code == 302
    rating = answer_about(session)
    assert rating
    assert (rating.respect, rating.corrects and rating.corrects.outcome) == (8, "declined")


# ---- what stands against it ----


def taken_back(session: Session, why: str) -> None:
    withdraw_request(request=RatingRequest.objects.get(session=session), now=NOW, why=why)


def refused_consent(session: Session) -> None:
    client, asked = session.episode.client, Consent.Purpose.ASKED
    agree(client=client, purpose=asked, text_version="1", how="", now=NOW)
    refuse(text_version="2026-11", client=client, purpose=asked, how="said so", now=NOW)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (
            lambda session: taken_back(session, RatingRequest.Withdrawn.NOT_ME),
            "Asking about this session was taken back.",
        ),
        (refused_consent, "The client does not want to be asked any more"),
        (
            lambda session: close_episode(
                episode=session.episode, reason=Episode.Reason.COMPLETED, now=NOW
            ),
            "The episode is closed, so nothing more is stored.",
        ),
        (
            lambda session: Session.objects.filter(pk=session.pk).update(status="cancelled"),
            "was missed or cancelled",
        ),
        (
            lambda session: Session.objects.filter(pk=session.pk).update(status="scheduled"),
            "The session is not logged as held yet.",
        ),
    ],
    ids=["withdrawn", "refused", "closed", "cancelled", "not logged"],
)
def test_what_must_not_be_answered_any_more_is_refused_in_a_sentence(
    people, finn, session, spoil, sentence
):
    slip = print_one(session, people)
    before = Rating.objects.count()
    spoil(session)
    assert sentence in text_of(find(finn, slip.slip_code))
    response = enter(finn, session, **MARKS)
    closed = Episode.objects.get(pk=session.episode_id).closed_on is not None
    assert response.status_code == (403 if closed else 409)
    assert closed or sentence in text_of(response)
    assert Rating.objects.count() == before


def test_a_slip_printed_again_after_it_was_taken_back_is_good_again(people, finn, session):
    slip = print_one(session, people)
    taken_back(session, RatingRequest.Withdrawn.NOT_ME)
    assert print_one(session, people).slip_code == slip.slip_code
    assert enter(finn, session, **MARKS).status_code == 302
    rating = answer_about(session)
    assert rating
    assert rating.request == RatingRequest.objects.get(withdrawn_at__isnull=True)


def test_a_slip_printed_before_the_session_belongs_to_the_request_made_since(people, finn, clock):
    factories.may_be_asked(people.episode.client, NOW - DAY)
    session = factories.make_session(people.episode, NOW + HOUR, Session.Status.SCHEDULED)
    print_one(session, people)
    Session.objects.filter(pk=session.pk).update(status="held")
    session.refresh_from_db()
    clock.at(NOW + 2 * HOUR)
    asked = ask_about(session=session, now=clock.now)
    waive_blind(session=session, now=clock.now)
    assert enter(finn, session, **MARKS).status_code == 302
    rating = answer_about(session)
    assert rating
    assert (rating.request, rating.given_at) == (asked, session.starts_at)


def test_where_nobody_asked_by_itself_the_slip_is_stored_all_the_same(people, finn, clock):
    session = factories.make_session(people.episode, NOW - HOUR, Session.Status.SCHEDULED)
    print_one(session, people)
    Session.objects.filter(pk=session.pk).update(status="held")
    assert enter(finn, session, **MARKS).status_code == 302
    rating = answer_about(session)
    assert rating
    assert rating.request is None


# ---- the blind rule ----


@pytest.fixture
def unrated(people: SimpleNamespace) -> Session:
    session = factories.make_session(people.episode, NOW - HOUR)
    print_one(session, people)
    return session


def test_the_counselor_rates_or_waives_before_typing_in(people, alice, unrated):
    page = text_of(alice.get(f"/sessions/{unrated.uuid}/slip/"))
    assert "First your own rating" in page
    assert 'name="respect"' not in page
    assert enter(alice, unrated, **MARKS).headers["Location"] == f"/sessions/{unrated.uuid}/slip/"
    assert not Rating.objects.by(Rater.CLIENT).exists()


@pytest.mark.parametrize("declined", [True, False], ids=["declined", "answered"])
def test_who_is_blind_does_not_learn_by_the_code_that_it_was_a_decline(
    people, alice, unrated, declined
):
    given = (None, None, None) if declined else 8
    factories.rate(unrated, given, now=NOW, declined=declined)
    code = PaperSlip.objects.get().slip_code
    sentence = "An answer for this session is already here, and it stays."
    assert sentence in text_of(find(alice, code))
    assert sentence in said(alice, alice.get(f"/sessions/{unrated.uuid}/slip/"))
    waive_blind(session=unrated, now=NOW)
    assert (find(alice, code).status_code == 302) is declined


def test_waiving_leads_back_to_the_slip(people, alice, unrated):
    address = f"/sessions/{unrated.uuid}/slip/"
    waived = alice.post(f"/sessions/{unrated.uuid}/waive/", {"then": "slip"})
    assert waived.headers["Location"] == address
    assert 'name="respect"' in text_of(alice.get(address))
    assert enter(alice, unrated, **MARKS).status_code == 302
    assert answer_about(unrated)


def test_rating_leads_back_to_the_slip(people, alice, unrated):
    page = text_of(alice.get(f"/sessions/{unrated.uuid}/?then=slip"))
    assert '<input type="hidden" name="then" value="slip">' in page
    sent = {
        "status": "held",
        "mode": "in_person",
        "starts_at": "2026-11-18T13:00",
        "version": "1",
        "rating_uuid": str(uuid.uuid4()),
        "then": "slip",
    }
    logged = alice.post(f"/sessions/{unrated.uuid}/", sent | MARKS)
    assert logged.headers["Location"] == f"/sessions/{unrated.uuid}/slip/"


def test_a_counselor_is_led_to_log_the_session_first(people, alice):
    session = factories.make_session(people.episode, NOW - HOUR, Session.Status.SCHEDULED)
    slip = print_one(session, people)
    page = said(alice, find(alice, slip.slip_code))
    assert "The session is not logged yet." in page
    assert f"/sessions/{session.uuid}/?then=slip" in page
    assert enter(alice, session, **MARKS).status_code == 409


def test_who_stands_in_for_the_counselor_is_blind_as_well(people, log_in, unrated):
    Cover.objects.create(
        organization=people.here,
        member=people.alice,
        stands_in=people.bob,
        from_on=people.today,
        to_on=people.today,
    )
    bob = log_in(people.bob)
    assert "First your own rating" in text_of(bob.get(f"/sessions/{unrated.uuid}/slip/"))


def test_the_front_desk_types_in_before_the_counselor_rated_who_stays_blind(
    people, finn, alice, unrated
):
    assert enter(finn, unrated, **MARKS).status_code == 302
    viewer = factories.viewer_of(people.alice, NOW)
    assert unrated_sessions(viewer).filter(pk=unrated.pk).exists()
    page = text_of(alice.get(f"/sessions/{unrated.uuid}/answers/"))
    assert "A rating was given." in page
    assert "<td" not in page


def test_no_page_shows_the_front_desk_what_it_typed_in(people, finn, session):
    print_one(session, people)
    note = "Something nobody else would write."
    enter(
        finn, session, respect="3", understanding="2", goals="1", note=note, change_wish="privacy"
    )
    client = f"/clients/{people.episode.client.uuid}/"
    for address in ("/slips/enter/", "/slips/", "/day/", client, f"/sessions/{session.uuid}/slip/"):
        response = finn.get(address, follow=True)
        page = text_of(response)
        assert note not in page
        assert "checked" not in page
        assert response.headers["Cache-Control"] == "no-store"
    assert finn.get(f"/sessions/{session.uuid}/answers/").status_code == 404
    assert finn.get(f"/episodes/{people.episode.uuid}/").status_code == 404


# ---- the trend ----


def test_a_late_slip_gives_the_same_trend_as_an_early_one(people, finn, clock):
    """Two clients alike, but that one low answer of the second comes in after all the others."""
    scores = [9, 9, 8, 9, 9, 3, 3, 2]
    early, late = people.episode, factories.make_episode(people.alice, "T-400", people.today)
    sessions = {episode: weekly(episode, len(scores)) for episode in (early, late)}
    for number, score in enumerate(scores):
        factories.rate(sessions[early][number], score)
        if number != 5:
            factories.rate(sessions[late][number], score)
    slip = sessions[late][5]
    print_one(slip, people, slip.starts_at)
    before = concluded(late)
    assert enter(
        finn, slip, respect="3", understanding="3", goals="3", given_on=f"{slip.starts_at:%Y-%m-%d}"
    ).headers["Location"]
    assert concluded(late) == concluded(early) != before
    assert runs(late) == runs(early)
    assert len(runs(early)) == 1


def weekly(episode: Episode, count: int) -> list[Session]:
    weeks = range(count, 0, -1)
    return [factories.make_session(episode, NOW - 7 * week * DAY) for week in weeks]


def concluded(episode: Episode) -> list[Any]:
    """What the engine says of each session, in order."""
    names = ("score", "expected", "low", "high", "statistic", "limit", "probability", "kind")
    rows = Assessment.objects.filter(rating__session__episode=episode, rating__rater="client")
    values = rows.order_by("rating__session__starts_at").values_list(
        "rating__session__starts_at", "onset__starts_at", "status", *names
    )
    return list(values)


def runs(episode: Episode) -> list[Any]:
    flags = Flag.objects.open().filter(episode=episode)
    return list(
        flags.values_list(
            "kind", "first_rating__session__starts_at", "last_rating__session__starts_at"
        )
    )


# ---- the database ----


def test_the_database_holds_one_slip_to_a_session(people, session):
    slip = print_one(session, people)
    with pytest.raises(IntegrityError):
        PaperSlip.objects.create(
            organization=people.here,
            session=session,
            slip_code="K7M4WP8",
            instrument_version=slip.instrument_version,
            printed_by=people.finn,
            printed_at=NOW,
        )
