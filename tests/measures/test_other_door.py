"""After the answers: the other door, the tablet that goes back, and "not for a while"."""

from __future__ import annotations

import datetime as dt
import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import mail
from django.test import Client as Browser

from measures.models import CallRequest, RatingLink
from sessions.models import AccessEntry, Client
from sessions.sealing import Identity, seal_identity, unseal
from tests import factories
from tests.measures.link_holder import LinkHolder, invite

CHANNELS = RatingLink.Channel
ON_A_TABLET = (CHANNELS.HANDOVER, CHANNELS.KIOSK)
ASK = "Ask Dana to call me"
NUMBER = "555-0111"


@pytest.fixture
def holder(cast: SimpleNamespace) -> LinkHolder:
    holder = invite(cast.episode, cast.now)
    holder.open()
    return holder


@pytest.fixture
def answered(holder: LinkHolder) -> LinkHolder:
    holder.send()
    return holder


def text(response: Any) -> str:
    return str(response.content.decode())


def keep_number(cast: SimpleNamespace) -> None:
    client = cast.episode.client
    client.sealed_identity = seal_identity(client, Identity(phone="555-0101"))
    client.save()


def ask(holder: LinkHolder, page: str = "questions/", **fields: str) -> Any:
    return holder.post(page, **{"step": "call", "phone": NUMBER, **fields})


def test_the_other_door_has_a_number_and_a_button(answered):
    page = text(answered.get("thanks/"))
    assert "Want to talk with someone who is not Alice?" in page
    assert 'href="tel:555-0199"' in page
    assert ASK in page
    assert "Alice does not see this." in page


def test_asking_is_kept_mailed_and_confirmed(cast, answered, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        asked = ask(answered)
    assert "Dana will call you." in text(answered.browser.get(asked.headers["Location"]))
    call = CallRequest.objects.get()
    assert (call.client, call.contact, call.request) == (
        cast.episode.client,
        cast.dana,
        answered.request,
    )
    assert unseal(call.client, "call", call.sealed_phone) == NUMBER
    assert [sent.to for sent in mail.outbox] == [[cast.dana.user.email]]
    assert "http://testserver/calls/" in mail.outbox[0].body


def test_who_declined_has_the_same_door(holder):
    holder.decline()
    assert ASK in text(holder.get("thanks/"))
    asked = ask(holder, "decline/")
    assert asked.headers["Location"] == holder.path("thanks/?asked")
    assert CallRequest.objects.count() == 1


def test_asking_twice_is_one_call(answered):
    assert ask(answered).status_code == ask(answered).status_code == 302
    assert CallRequest.objects.count() == 1


def test_without_a_number_on_record_one_is_asked_for(answered):
    refused = ask(answered, phone="")
    assert refused.status_code == 422
    assert "Give a number, so that we can call you." in text(refused)
    assert not CallRequest.objects.exists()


def test_with_a_number_on_record_a_tap_is_enough(cast, answered):
    keep_number(cast)
    assert "Another number?" in text(answered.get("thanks/"))
    assert ask(answered, phone="").status_code == 302
    assert CallRequest.objects.get().sealed_phone is None


@pytest.mark.parametrize("number", ["call me", "<script>", "12", "5" * 41, "555-0111\0"])
def test_what_is_no_number_is_said_and_kept(answered, number):
    refused = ask(answered, phone=number)
    assert refused.status_code == 422
    assert 'role="alert"' in text(refused)
    assert "<script>" not in text(refused).replace('<script src="', "")
    assert not CallRequest.objects.exists()


def test_before_an_answer_there_is_no_call(holder):
    assert ask(holder).status_code == ask(holder, "decline/").status_code == 404
    assert not CallRequest.objects.exists()


def test_without_a_rights_contact_there_is_no_door(cast, answered):
    cast.dana.rights_contact, cast.dana.front_desk = False, True
    cast.dana.save()
    assert ASK not in text(answered.get("thanks/"))
    assert ask(answered).status_code == 404


def test_a_counselor_is_never_their_own_clients_rights_contact(cast, answered):
    cast.alice.rights_contact = True
    cast.alice.save()
    cast.dana.delete()
    assert "Want to talk" not in text(answered.get("thanks/"))


def test_the_page_does_not_tell_who_comes_later_that_a_call_was_asked_for(answered):
    """A counselor may hold the same link, and have opened it before the answer came."""
    before = text(answered.get("thanks/"))
    ask(answered)
    after = text(answered.get("thanks/"))
    token = re.compile(r'(csrfmiddlewaretoken" value=")\w+')
    assert token.sub(r"\1", after) == token.sub(r"\1", before)


def test_no_page_of_the_staff_tells_that_a_call_was_asked_for(cast, answered, log_in):
    people = [log_in(person) for person in (cast.alice, cast.sam, cast.finn, cast.ada)]
    paths = ("/today/", "/caseload/", f"/episodes/{cast.episode.uuid}/", "/supervision/", "/day/",
             f"/clients/{cast.episode.client.uuid}/", "/settings/", "/calls/")  # fmt: skip
    before = [shown(browser, paths) for browser in people]
    ask(answered)
    assert [shown(browser, paths) for browser in people] == before


def shown(browser: Browser, paths: tuple[str, ...]) -> list[Any]:
    token = re.compile(r'(csrfmiddlewaretoken" value=")\w+')
    answers = [browser.get(path) for path in paths]
    return [(each.status_code, token.sub(r"\1", text(each))) for each in answers]


def test_the_access_log_of_a_call_looks_like_that_of_a_second_sending(cast, answered):
    def entry(send: Any) -> list[Any]:
        last = AccessEntry.objects.latest("pk").pk
        send()
        fields = ("route", "method", "status", "clients", "membership")
        return list(AccessEntry.objects.filter(pk__gt=last).values_list(*fields))

    assert entry(lambda: ask(answered)) == entry(answered.send)


def test_after_a_decline_it_looks_like_a_second_decline(cast, holder):
    holder.decline()
    last = AccessEntry.objects.latest("pk").pk
    ask(holder, "decline/")
    holder.decline()
    first, second = AccessEntry.objects.filter(pk__gt=last).values(
        "route", "method", "status", "clients"
    )
    assert first == second


@pytest.mark.parametrize("channel", ON_A_TABLET)
def test_a_clinics_tablet_is_asked_back_and_leads_nowhere_else(cast, channel):
    holder = invite(cast.episode, cast.now, channel)
    holder.open()
    holder.send()
    page = text(holder.get("thanks/"))
    assert "Please hand the tablet back. Your answers are no longer on it." in page
    assert "You can close this page now." not in page
    assert "555-0199" in page
    assert re.findall(r'<a [^>]*href="([^"]+)"', page) == ["#main"]
    assert ASK in page
    assert 'autocomplete="off"' in page


@pytest.mark.parametrize("channel", ON_A_TABLET)
def test_so_it_is_after_a_decline(cast, channel):
    holder = invite(cast.episode, cast.now, channel)
    holder.open()
    holder.decline()
    page = text(holder.get("thanks/"))
    assert "Please hand the tablet back." in page
    assert re.findall(r'<a [^>]*href="([^"]+)"', page) == ["#main"]


@pytest.mark.parametrize("channel", [CHANNELS.LINK, CHANNELS.QR, CHANNELS.MAIL, CHANNELS.SMS])
def test_on_a_phone_of_ones_own_the_page_can_be_closed(cast, channel):
    holder = invite(cast.episode, cast.now, channel)
    holder.open()
    holder.send()
    page = text(holder.get("thanks/"))
    assert "You can close this page now." in page
    assert "tablet" not in page


def test_not_for_a_while_declines_and_sets_asking_aside(cast, holder):
    holder.post("decline/", sure="yes", pause="yes")
    client = Client.objects.get(pk=cast.episode.client_id)
    assert client.not_asked_before == cast.today + dt.timedelta(weeks=4)
    assert "We will not ask you again before" in text(holder.get("thanks/"))


def test_without_the_tick_nothing_is_set_aside(cast, holder):
    assert "Tick the box first" in text(holder.post("decline/", pause="yes"))
    assert Client.objects.filter(not_asked_before__isnull=False).count() == 0


def test_a_plain_decline_sets_nothing_aside(cast, holder):
    holder.decline()
    assert Client.objects.filter(not_asked_before__isnull=False).count() == 0
    assert "We will not ask" not in text(holder.get("thanks/"))


def test_who_reads_the_note_is_a_choice_only_while_somebody_supervises(cast, holder):
    page = text(holder.get("questions/"))
    assert "Who may read your note?" in page
    assert "Alice and Sam" in page
    cast.sam.supervisions_given.update(ended_on=cast.today - dt.timedelta(days=1))
    page = text(holder.get("questions/"))
    assert "Who may read your note?" not in page
    assert "Only Alice reads your note." in page


def test_beside_the_note_stands_that_nobody_reads_it_at_once_and_whom_to_call(cast, holder):
    cast.here.crisis_text = "If you need help now, call or text 988."
    cast.here.save()
    page = text(holder.get("questions/"))
    note = page[page.index('id="note"') : page.index("Check my answers")]
    assert "No one reads this right away." in note
    assert "call or text 988" in note


def test_a_call_belongs_to_the_episode_even_when_another_client_has_the_same_number(cast, answered):
    other = invite(cast.peers, cast.now)
    other.open()
    factories.rate(other.session, 7)
    ask(answered)
    assert CallRequest.objects.get().client == cast.episode.client
