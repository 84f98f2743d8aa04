"""The client's minute from the first tap to the thanks, and everything that can go wrong in it."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client as Browser
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import escape

from measures.capture import services
from measures.models import Assessment, Flag, FlagEvent, Rater, Rating, RatingRequest
from sessions.models import GroupMeeting
from sessions.sealing import seal, unseal
from tests import factories
from tests.measures.link_holder import GIVEN, LinkHolder, invite

FORM = "application/x-www-form-urlencoded"
BIDI = "left \u202eright\u202c \u2066isolated\u2069 \u200f"
EMOJI = "fine 💊👩🏽‍⚕️ café \U0001f9d1"
NO_BUTTONS = (
    *("11", "-1", "7.5", "7,5", "abc", "1e1", " 7", "7 ", "07", "+7", "0x7", "nan", "inf", "None"),
    *("\uff17", "\u0667", "7\0", "7\n", "Skip", "9" * 5000),  # two sevens of other scripts
)
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</textarea><svg onload=alert(1)>",
    "{{ request.user }}{% debug %}",
    "' onfocus=alert(1) autofocus '",
    "javascript:alert(1)",
)


@pytest.fixture
def holder(cast: SimpleNamespace) -> LinkHolder:
    """With the questions open before them."""
    holder = invite(cast.episode, cast.now)
    holder.open()
    return holder


def text_of(response: Any) -> str:
    return str(response.content.decode())


def checked(response: Any) -> set[str]:
    """The buttons that are pressed, as name-value."""
    inputs = re.findall(
        r'<input class="btn-check"[^>]*id="([^"]+)"[^>]*?( checked)?>', text_of(response)
    )
    return {name for name, is_checked in inputs if is_checked}


def carried(response: Any) -> dict[str, str]:
    """What the review carries along, hidden, until it is sent."""
    fields = dict(response.context["form"].data.items())
    names = re.findall(r'<input type="hidden" name="(\w+)"', text_of(response))
    return {name: fields[name] for name in names if name != "csrfmiddlewaretoken"}


def counts() -> list[int]:
    return [model.objects.count() for model in (Rating, Assessment, Flag, FlagEvent)]


def assert_refused(response: Any, sentence: str, status: int = 422) -> None:
    """A clear message, and nothing stored, not even half."""
    assert response.status_code == status
    assert sentence in text_of(response)
    assert counts() == [0, 0, 0, 0]


def test_from_the_first_tap_to_the_thanks(cast, holder):
    assert holder.get().status_code == 200
    questions = holder.get("questions/")
    assert checked(questions) == {"note-counselor"}  # nothing about the talk is pre-selected
    review = holder.review(note="Slower, please", change_wish="slower")
    assert counts() == [0, 0, 0, 0]
    sent = holder.post(**carried(review), step="send")
    assert sent.headers["Location"] == holder.path("thanks/")
    thanks = text_of(holder.get("thanks/"))
    assert "Your answers are saved." in thanks
    assert "Slower, please" not in thanks
    rating = Rating.objects.get()
    assert (rating.session, rating.rater, rating.request) == (
        holder.session,
        Rater.CLIENT,
        holder.request,
    )
    assert list(rating.facet_values) == [8, 6, None]
    assert (rating.change_wish, rating.note_for) == ("slower", "counselor")
    assert unseal(cast.episode.client, "note", rating.sealed_note) == "Slower, please"
    assert rating.assessment.score == 7


def test_the_review_shows_what_was_given(holder):
    review = text_of(holder.review(goals="0", note="Slower, please", change_wish="slower"))
    for words in ("8 of 10", "6 of 10", "0 of 10", "Go slower", "Slower, please"):
        assert words in review
    assert "Note for Alice only" in review
    assert "skipped" in text_of(holder.review())


def test_the_review_says_who_reads_the_note(holder):
    review = holder.review(note="Slower, please", note_for="supervisor")
    assert "Note for Alice and Sam" in text_of(review)


def test_change_keeps_everything(holder):
    given = {"goals": "0", "note": "Slower, please", "change_wish": "slower"}
    review = holder.review(**given, note_for="supervisor")
    questions = holder.post(**carried(review), step="change")
    assert checked(questions) == {
        "respect-8",
        "understanding-6",
        "goals-0",
        "change_wish-slower",
        "note-supervisor",
    }
    assert "Slower, please</textarea>" in text_of(questions)


def test_an_answer_can_be_taken_back(holder):
    questions = holder.post(**GIVEN, step="change")
    assert "goals-skip" in checked(questions)
    holder.send(respect="skip")
    assert Rating.objects.get().facet_values == (None, 6, None)


def test_all_three_skipped_can_be_sent_empty(holder):
    nothing = {"respect": "skip", "understanding": "skip", "goals": ""}
    assert "You skipped all three." in text_of(holder.review(**nothing))
    unticked = text_of(holder.send(**nothing))
    assert "Tick the box first" in unticked
    assert not Rating.objects.exists(), "a mail scanner presses buttons, too"
    holder.send(**nothing, sure="yes")
    rating = Rating.objects.get()
    assert (rating.outcome, rating.facet_values) == ("partial", (None, None, None))


def test_the_client_reads_their_own_goal_again(cast, holder):
    give_goal(cast, "See my kids")
    assert "See my kids" in text_of(holder.get("questions/"))


def give_goal(cast: SimpleNamespace, goal: str) -> None:
    cast.episode.sealed_goal = seal(cast.episode.client, "goal", goal)
    cast.episode.save()


def test_there_is_another_door(holder):
    holder.send()
    thanks = text_of(holder.get("thanks/"))
    assert "555-0199" in thanks
    assert "someone who is not Alice" in thanks


@pytest.mark.parametrize("value", NO_BUTTONS)
@pytest.mark.parametrize("step", ["review", "send"])
def test_what_is_not_one_of_the_buttons_is_refused(holder, value, step):
    given = {**GIVEN, "understanding": value, "note": "Slower, please", "change_wish": "plan"}
    answer = holder.post(**given, step=step)
    assert_refused(answer, "Choose a number from 0 to 10, or skip this one.")
    assert {"respect-8", "goals-skip", "change_wish-plan", "note-counselor"} == checked(answer)
    assert "Slower, please</textarea>" in text_of(answer)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("change_wish", "faster", "Choose one of these, or none."),
        ("change_wish", "slower\0", "Choose one of these, or none."),
        ("change_wish", "x" * 9000, "Choose one of these, or none."),
        ("note_for", "court", "Something needs another look. Nothing is lost."),
        ("note_for", "\0", "Something needs another look. Nothing is lost."),
        ("note", "a\0b", "Null characters are not allowed."),
        ("note", "n" * 1001, "1000 letters fit."),
        ("note", "n" * 2000, "1000 letters fit."),
        ("note", "💊" * 1001, "1000 letters fit."),
    ],
)
@pytest.mark.parametrize("step", ["review", "send"])
def test_what_does_not_fit_is_said_and_the_rest_is_kept(holder, field, value, sentence, step):
    answer = holder.post(**{**GIVEN, "note": "Slower, please", field: value, "step": step})
    assert_refused(answer, sentence)
    assert {"respect-8", "understanding-6", "goals-skip"} <= checked(answer)
    kept = value if field == "note" else "Slower, please"
    assert f"{escape(kept)}</textarea>" in text_of(answer)


@pytest.mark.parametrize(
    "note", [BIDI, EMOJI, "n" * 1000, "a\nb", "\u0301" * 900, "\uff1d1+1", "\ufeffx"]
)
def test_any_text_is_text(cast, holder, note):
    review = holder.review(note=note)
    assert review.status_code == 200
    holder.post(**carried(review), step="send")
    stored = unseal(cast.episode.client, "note", Rating.objects.get().sealed_note)
    assert stored == note.strip()


@pytest.mark.parametrize("broken", ["%ED%A0%80", "%FF%FE", "%C0%80", "%E2%28%A1", "%F4%90%80%80"])
def test_bytes_that_are_no_text_become_a_sign_and_break_nothing(cast, holder, broken):
    body = f"{urlencode({**GIVEN, 'step': 'send'})}&note=a{broken}b"
    sent = holder.browser.post(holder.path("questions/"), body, content_type=FORM)
    assert sent.headers["Location"] == holder.path("thanks/")
    stored = unseal(cast.episode.client, "note", Rating.objects.get().sealed_note)
    assert re.fullmatch("a.*�.*b", stored)


def test_ten_megabytes_are_refused_with_a_sentence(holder):
    body = urlencode({**GIVEN, "step": "send"}) + "&note=" + "n" * 10_000_000
    answer = holder.browser.post(holder.path("questions/"), body, content_type=FORM)
    assert_refused(answer, "Your text is still in the form", status=400)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("&".join(f"f{each}=1" for each in range(300)), FORM),
        ("--x\r\nContent-Disposition: form-data", "multipart/form-data"),
        ("--x\r\n", "multipart/form-data; boundary=" + "\u00e9"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_with_a_sentence(holder, body, content_type):
    answer = holder.browser.post(holder.path("questions/"), body, content_type=content_type)
    assert_refused(answer, "cannot be read", status=400)


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "x/y"])
def test_a_body_of_another_kind_sends_nothing(holder, content_type):
    body = '{"respect": 8, "step": "send"}'
    answer = holder.browser.post(holder.path("questions/"), body, content_type=content_type)
    assert (answer.status_code, counts()) == (200, [0, 0, 0, 0])


def test_a_file_where_a_number_belongs_is_no_number(holder):
    upload = SimpleUploadedFile("8", b"8")
    answer = holder.send(respect=upload)
    assert answer.headers["Location"] == holder.path("thanks/")
    assert Rating.objects.get().facet_values == (None, 6, None)


def test_of_a_field_given_twice_one_counts(holder):
    body = urlencode([*GIVEN.items(), ("respect", "3"), ("step", "send")])
    holder.browser.post(holder.path("questions/"), body, content_type=FORM)
    assert Rating.objects.get().respect == 3


def test_fields_nobody_asked_for_change_nothing(cast, holder):
    other = invite(cast.peers, cast.now)
    foreign = {
        "session": other.session.pk,
        "session_id": other.session.pk,
        "request": other.request.pk,
        "request_uuid": other.request.uuid,
        "uuid": other.request.uuid,
        "organization": cast.elsewhere.pk,
        "rater": "counselor",
        "declined": "true",
        "given_at": "2001-01-01",
        "entered_by": cast.bob.pk,
        "corrects": 1,
        "superseded_at": "2030-01-01",
    }
    holder.send(**foreign)
    rating = Rating.objects.get()
    assert (rating.session, rating.request) == (holder.session, holder.request)
    assert (rating.organization, rating.rater) == (cast.here, Rater.CLIENT)
    assert (rating.entered_by, rating.corrects, rating.superseded_at) == (None, None, None)
    assert abs((rating.given_at - cast.now).total_seconds()) < 600


def test_sent_twice_is_stored_once_and_both_are_thanked(holder):
    first, second = holder.send(note="Thanks"), holder.send(note="Thanks")
    assert first.headers["Location"] == second.headers["Location"] == holder.path("thanks/")
    assert Rating.objects.count() == 1


def test_other_answers_after_that_are_refused_with_the_time_of_the_first(cast, holder):
    holder.send()
    answer = holder.send(respect="2", note="I changed my mind")
    assert answer.status_code == 409
    with timezone.override(cast.here.zone):
        stored_at = timezone.localtime(Rating.objects.get().stored_at)
    assert date_format(stored_at, "DATETIME_FORMAT") in text_of(answer)
    assert "What you just sent was not saved." in text_of(answer)
    assert Rating.objects.get().respect == 8


def test_declining_after_an_answer_is_closed(holder):
    holder.send()
    assert holder.decline().status_code == 404
    assert Rating.objects.get().outcome == "partial"


def test_declining_twice_is_thanked_twice(holder):
    first, second = holder.decline(), holder.decline()
    assert first.headers["Location"] == second.headers["Location"] == holder.path("thanks/")
    assert Rating.objects.count() == 1


@pytest.mark.parametrize("sure", ["", "no", "YES", "on", "yes\0"])
def test_only_the_tick_declines(holder, sure):
    answer = holder.post("decline/", sure=sure)
    assert "Tick the box first" in text_of(answer)
    assert counts() == [0, 0, 0, 0]


@pytest.mark.parametrize("step", ["", "SEND", "send ", "store", "send\0"])
def test_only_send_stores(holder, step):
    holder.post(**GIVEN, step=step)
    assert counts() == [0, 0, 0, 0]


def test_a_session_that_turns_out_not_to_have_been_held_is_closed(holder):
    session = holder.session
    session.status = "missed"
    session.save()
    assert_refused(holder.send(), "This page is closed.", status=404)


def test_a_storage_that_fails_leaves_nothing_behind(holder, monkeypatch):
    def full(**kwargs: Any) -> None:
        raise OperationalError("database or disk is full")

    monkeypatch.setattr(services, "assess_episode", full)
    holder.browser.raise_request_exception = False
    answer = holder.send()
    assert_refused(answer, "What you typed is still in the form", status=500)
    monkeypatch.undo()
    assert holder.send().headers["Location"] == holder.path("thanks/")  # the retry
    assert Rating.objects.count() == 1


def test_without_a_csrf_token_nothing_is_stored_and_the_way_back_is_told(holder):
    strict = LinkHolder(holder.made, Browser(enforce_csrf_checks=True))
    strict.open()
    for answer in (strict.send(), strict.decline(), strict.post("not-me/")):
        assert_refused(answer, "What you typed is still there.", status=403)
    assert not RatingRequest.objects.filter(withdrawn_at__isnull=False).exists()


def test_with_it_the_whole_form_goes_through(holder):
    strict = LinkHolder(holder.made, Browser(enforce_csrf_checks=True))
    strict.open()
    found = re.findall(
        r'name="csrfmiddlewaretoken" value="(\w+)"', text_of(strict.get("questions/"))
    )
    review = strict.review(csrfmiddlewaretoken=found[0])
    again = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', text_of(review))
    sent = strict.send(csrfmiddlewaretoken=again[0])
    assert sent.headers["Location"] == strict.path("thanks/")


@pytest.mark.parametrize("markup", HOSTILE)
def test_markup_in_a_note_is_shown_as_it_was_typed(cast, log_in, holder, markup):
    review = holder.review(note=markup)
    assert_escaped(review, markup)
    assert_escaped(holder.post(**carried(review), step="change"), markup)
    assert_escaped(holder.review(respect="11", note=markup), markup)
    holder.send(note=markup)
    assert markup not in text_of(holder.get("thanks/"))
    alice = log_in(cast.alice)
    assert_escaped(alice.get(f"/episodes/{cast.episode.uuid}/"), markup)
    note = Rating.objects.get(sealed_note__isnull=False)
    assert_escaped(alice.get(f"/notes/{note.uuid}/"), markup)


@pytest.mark.parametrize("markup", HOSTILE)
def test_markup_in_a_goal_is_shown_as_it_was_typed(cast, log_in, holder, markup):
    give_goal(cast, markup)
    assert_escaped(holder.get("questions/"), markup)
    assert_escaped(log_in(cast.alice).get(f"/episodes/{cast.episode.uuid}/"), markup)


def assert_escaped(response: Any, markup: str) -> None:
    page = text_of(response)
    assert escape(markup) in page
    if escape(markup) != markup:
        assert markup not in page


@pytest.mark.parametrize("markup", HOSTILE)
def test_markup_in_any_other_field_is_never_shown_raw(holder, markup):
    given = dict.fromkeys((*GIVEN, "change_wish"), markup)
    answer = holder.post(**given, step="review")
    assert answer.status_code == 422
    assert "<script>alert" not in text_of(answer)
    assert "onerror=alert(1)>" not in text_of(answer)


def test_every_step_is_spoken_in_the_language_of_the_client(cast, holder, settings):
    settings.LANGUAGES = [("en", "English"), ("es", "Spanish")]
    cast.episode.client.language = "es"
    cast.episode.client.save()
    questions = text_of(holder.get("questions/"))
    assert '<html lang="es">' in questions
    assert "¿cuánto respeto hubo entre usted y Alice" in questions


def test_paper_and_link_cannot_both_stand(cast, holder):
    """Somebody typed the paper in meanwhile: the first answer stands, and the client is told."""
    factories.rate(holder.session, 5, now=cast.now)
    assert holder.send().status_code == 409
    assert Rating.objects.get().respect == 5


def test_who_was_in_a_group_is_asked_about_the_group(cast, holder):
    assert "between you and Alice today" in text_of(holder.get("questions/"))
    meeting = GroupMeeting.objects.create(
        organization=cast.here, counselor=cast.alice, starts_at=holder.session.starts_at
    )
    holder.session.group = meeting
    holder.session.save()
    questions = text_of(holder.get("questions/"))
    assert "How much respect was there in the group today?" in questions
    assert "Think about the group today." in questions
    assert "between you and Alice" not in questions
    holder.send()
    assert Rating.objects.get().facet_values == (8, 6, None)
