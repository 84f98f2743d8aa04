"""What a page says in one sentence, and that it agrees with the chip beside it."""

from __future__ import annotations

import pytest

from measures.insight.chips import chips_of
from measures.insight.history import histories
from measures.insight.sentences import flag_sentence, honesty, summary
from measures.models import Assessment, Flag
from measures.trend import CLIENT, Sensitivity
from sessions.models import Episode
from sessions.services import close_episode
from tests import factories
from tests.factories import make_course, viewer_of

pytestmark = pytest.mark.django_db

DROP = [9, 9, 8, 9, 9, 8, 9, 3]


def said(cast) -> tuple[str, str]:
    """The first chip and the sentence, as the supervisor reads them."""
    episode = Episode.objects.select_related("client", "counselor").get(pk=cast.episode.pk)
    [history] = histories(viewer_of(cast.sam, cast.now), [episode])
    return str(chips_of(history)[0].label), summary(history)


def test_a_drop_is_said_with_its_numbers(cast):
    make_course(cast.episode, DROP, cast.now)
    chip, sentence = said(cast)
    assert chip == "Lower than usual"
    assert "3.0" in sentence


def test_a_decline_that_is_over_is_told_in_the_past_with_its_own_numbers(cast):
    make_course(cast.episode, [9, 9, 8, 9, 9, 8, 9, 7, 6, 6, 6, 9, 9, 9, 9, 9, 9], cast.now)
    flag = Flag.objects.filter(rater="client").get()
    flag.kind = Assessment.Kind.DECLINE
    flag.save()
    _, sentence = said(cast)
    assert "have been lower" not in sentence
    assert "were lower from about" in sentence
    assert "average 9.0" not in sentence


def test_lower_without_an_open_flag_is_not_called_the_same(cast):
    make_course(cast.episode, DROP, cast.now)
    Flag.objects.update(state=Flag.State.NO_CONCERN)
    chip, sentence = said(cast)
    assert chip == "Lower than usual"
    assert sentence.startswith("Lower than usual: 3.0")


def test_one_answer_back_in_the_usual_range_is_not_called_lower(cast):
    make_course(cast.episode, [9, 9, 8, 9, 9, 8, 9, 3, 3, 8.5], cast.now)
    Flag.objects.update(state=Flag.State.NO_CONCERN)
    chip, sentence = said(cast)
    assert chip == "Lower than usual"
    assert sentence.startswith("Coming back: 8.5")


STATES = {
    (): "No ratings yet. The first one starts with a session.",
    (8,): "1 rating so far.",
    (8, 9): "2 ratings so far.",
    (10, 10, 10, 10, 10): "has given the same top marks 5 times",
    (4, 5, 4, 5, 4, 5): "has rated low from the start",
    (8, 9, 8, 9, None, None, None): "No answer from T-308 since",
    (8, 7, 8, 7, 8): "About the same as before: 8.0",
    (7, 8, 7, 8, 7, 8, 9.9): "Higher than usual for T-308.",
}


@pytest.mark.parametrize("scores", STATES)
def test_each_state_has_its_sentence_and_an_end_takes_the_advice_away(cast, scores):
    make_course(cast.episode, scores, cast.now)
    assert STATES[scores] in said(cast)[1]
    close_episode(episode=cast.episode, reason="completed", now=cast.now)
    over = said(cast)[1]
    assert over.startswith("This episode is over.")
    assert STATES[scores] not in over
    given = [score for score in scores if score is not None]
    assert (f"was {given[-1]:.1f}" if given else "never rated") in over


def test_the_flag_of_a_counselor_says_why_beside_how_the_client_is(cast):
    for session in make_course(cast.episode, [8, 8, 8, 8, 8, 8, 8, 9.9], cast.now, own=None):
        factories.rate(session, 8, "counselor")
    flag = Flag.objects.create(
        organization=cast.here,
        episode=cast.episode,
        rater="counselor",
        kind="decline",
        first_rating=session.ratings.get(rater="counselor"),
        last_rating=session.ratings.get(rater="counselor"),
        evidence={"score": 5, "low": 7, "high": 9},
        raised_at=cast.now,
    )
    _, sentence = said(cast)
    assert "Alice's own ratings" in sentence
    assert "9.9" in sentence or "Higher than usual" in sentence
    assert flag.state == Flag.State.NEW


@pytest.mark.parametrize("answers", [(None, None, None), (5, None, None)])
def test_an_answer_without_a_score_is_not_counted_as_a_rating(cast, answers):
    sessions = make_course(cast.episode, [8, 8, None], cast.now)
    factories.rate(sessions[-1], answers)
    chip, sentence = said(cast)
    assert chip == "Not enough yet"
    assert sentence.startswith("2 ratings so far.")


def test_declines_are_not_counted(cast):
    sessions = make_course(cast.episode, [None], cast.now)
    factories.rate(sessions[0], (None, None, None), declined=True)
    assert said(cast)[1].startswith("No ratings yet.")


def test_what_could_not_be_compared_is_said(cast):
    make_course(cast.episode, [8, 8, 8, 8, 8], cast.now)
    Assessment.objects.update(status=Assessment.Status.FAILED)
    assert "could not be compared yet" in said(cast)[1]


def test_the_sentence_of_a_flag_is_the_same_for_both(cast):
    make_course(cast.episode, DROP, cast.now)
    episode = Episode.objects.select_related("client", "counselor").get(pk=cast.episode.pk)
    flag = Flag.objects.filter(rater="client").get()
    sentences = {
        flag_sentence(flag, histories(viewer_of(member, cast.now), [episode])[0])
        for member in (cast.alice, cast.sam)
    }
    assert len(sentences) == 1


def test_a_level_that_never_was_good_is_a_notice_and_no_flag(cast):
    make_course(cast.episode, [4, 5, 4.5, 4, 5], cast.now)
    chip, sentence = said(cast)
    assert chip == "Low from the start"
    assert "rated low from the start (about 4.5). Nothing fell, so nothing is flagged." in sentence
    assert not Flag.objects.exists()


def test_a_gap_wider_than_usual_for_the_two_is_told_beside_the_rest(cast):
    sessions = make_course(cast.episode, [8, 8, 8.5, 8, 8, 8], cast.now, own=None)
    for session, own in zip(sessions, [7, 7, 7, 7, 7.5, 2], strict=True):
        factories.rate(session, own, "counselor")
    _, sentence = said(cast)
    assert "Alice rated" in sentence
    assert "2.0 and 8.0" in sentence


def test_a_usual_gap_is_not_told(cast):
    make_course(cast.episode, [9, 9, 8, 9, 9], cast.now, own=5)
    _, sentence = said(cast)
    assert "Alice" not in sentence


def test_how_often_a_flag_is_right_is_told_for_the_sensitivity_in_use(cast):
    said_of = {}
    for sensitivity in Sensitivity:
        cast.here.sensitivity = sensitivity.value
        said_of[sensitivity] = honesty(cast.here)
    shares = CLIENT.right
    assert f"About {round(10 * shares.standard)} in 10" in said_of[Sensitivity.STANDARD]
    assert said_of[Sensitivity.LOW] != said_of[Sensitivity.HIGH]
