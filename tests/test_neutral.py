"""Nothing a client is sent, or leaves in their browser's history, tells of health. In any language.

The words are in sessions/lexicon.py; what must be among them is written here once more by hand.
"""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Iterator
from email.message import Message as Mail
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client as Browser
from django.urls import reverse

from alliance_site.checks import check_names, check_text_gateway
from alliance_site.policy import POLICY
from measures.capture import sms
from measures.capture.asking import ask_about
from measures.capture.tokens import hash_token, new_token
from measures.models import Message, RatingLink
from sessions.lexicon import telling_words
from sessions.models import Organization
from sessions.policy import Actor
from tests import factories
from tests.measures.link_holder import LinkHolder, invite

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = [code for code, _ in settings.LANGUAGES]

MUST_TELL = {
    "en": "session visit appointment counselor counseling program care therapy therapist treatment "
    "clinic recovery addiction addict drug drugs alcohol sober detox rehab relapse methadone "
    "health mental patient doctor nurse hospital probation parole court client feedback",
    "es": "sesión sesiones visita cita consejera consejero programa cuidado terapia terapeuta "
    "tratamiento clínica recuperación adicción adicto droga drogas alcohol sobriedad "
    "desintoxicación recaída metadona salud mental paciente doctora enfermera hospital corte",
    "ar": "جلسة جلستك الجلسة زيارة موعد موعدك مستشار مستشارك الإرشاد برنامج البرنامج رعاية الرعاية "
    "علاج العلاج للعلاج معالج عيادة العيادة التعافي إدمان الإدمان مدمن مخدرات المخدرات كحول الكحول "
    "صحة الصحة صحتك نفسية مريض المريض طبيب الطبيب بالمستشفى محكمة",
}
MUST_NOT_TELL = {
    "en": "Oak Street Bluebird your three questions are ready about one minute open until Friday "
    "November reply STOP to end careful career natural method",
    "es": "Calle Peña Pájaro sus tres preguntas ya llegaron un minuto hasta el viernes noviembre "
    "responda para no recibir ciudad sala",
    "ar": "أسئلتك الثلاثة القصيرة جاهزة دقيقة واحدة تقريبا متاحة حتى الجمعة نوفمبر أرسل لإيقاف "
    "الرسائل طبيعي تطبيق مجلس",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_lexicon_has_every_language(language):
    assert [word for word in MUST_TELL[language].split() if not telling_words(word)] == []
    assert telling_words(MUST_NOT_TELL[language]) == []


def test_letters_and_accents_do_not_hide_a_word():
    for hidden in ("CLÍNICA", "clinica", "Therapie", "oak-clinic", "session_1", "العِلاج"):
        assert telling_words(hidden), hidden


# ---- messages ----


@pytest.fixture
def sent(db: None, settings: Any) -> SimpleNamespace:
    """One invitation and one reminder by each channel, in every language, with and without a word;
    sent by the command itself."""
    sms.outbox.clear()
    now = dt.datetime.now(dt.UTC) - dt.timedelta(days=2, hours=2)
    people = factories.make_cast(now)
    Organization.objects.update(
        send_from=dt.time(0), send_until=dt.time(23, 59, 59), request_days=9
    )
    number = 0
    for language in LANGUAGES:
        for channel in ("mail", "sms"):
            for word in ("", "Bluebird"):
                number += 1
                episode = factories.make_episode(people.alice, f"N-{number}", people.today)
                client = factories.may_be_asked(episode.client, now, channel)
                client.language, client.own_word = language, word
                client.save(update_fields=["language", "own_word"])
                session = factories.make_session(episode, now - dt.timedelta(hours=1))
                assert ask_about(session=session, now=now)
    for _ in range(2):
        Message.objects.waiting().update(due_at=now)
        call_command("send_due", stdout=io.StringIO())
    return SimpleNamespace(mails=[each.message() for each in mail.outbox], texts=[*sms.outbox])


def parts_of(message: Mail) -> Iterator[str]:
    """Everything of a mail that somebody sees, or a server on the way."""
    yield from (str(value) for _, value in message.items())
    for part in message.walk():
        if part.get_content_maintype() == "text":
            payload = part.get_payload(decode=True)
            assert isinstance(payload, bytes)
            yield re.sub(r"<[^>]*>", " ", payload.decode())
            yield from re.findall(r'(?:href|title|alt)="([^"]*)"', payload.decode())


def without_tokens(text: str) -> str:
    """Random letters spell anything, now and then."""
    return re.sub(r"(?<=/)[\w-]{22}(?![\w-])|[0-9a-f-]{36}|={15}\d+={2}", " ", text)


def test_no_message_tells_of_health_in_any_language(sent):
    in_each = len(LANGUAGES) * 2
    assert (len(sent.mails), len(sent.texts)) == (2 * in_each, 2 * in_each)
    subjects = {str(message["Subject"]) for message in sent.mails}
    assert len(subjects) >= len(LANGUAGES)
    for message in sent.mails:
        for part in parts_of(message):
            assert telling_words(without_tokens(part)) == [], part
    for text in sent.texts:
        assert telling_words(without_tokens(text.text)) == [], text.text


def test_that_search_finds_what_is_there(sent):
    message = sent.mails[0]
    message.replace_header("Subject", "Your therapy")
    found = [telling_words(without_tokens(part)) for part in parts_of(message)]
    assert ["therapy"] in found


# ---- pages, addresses, files ----


def client_routes() -> set[str]:
    return {row.route for row in POLICY.rows if Actor.LINK_HOLDER in row.actors}


def title_of(response: HttpResponse) -> str:
    found = re.search(r"<title>(.*?)</title>", response.content.decode(), re.DOTALL)
    assert found, response.content.decode()[:300]
    return found[1]


def pages(holder: LinkHolder) -> Iterator[HttpResponse]:
    for page in ("", "questions/", "decline/", "not-me/"):
        yield holder.get(page)
    yield holder.review()
    yield holder.send()
    yield holder.get("thanks/")
    yield holder.get("")  # closed by now


def stop_page(link: RatingLink) -> HttpResponse:
    token = new_token()
    RatingLink.objects.filter(pk=link.pk).update(stop_hash=hash_token(token))
    answer = Browser().get(reverse("stop", args=[token]))
    assert isinstance(answer, HttpResponse)
    return answer


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_title_of_a_clients_page_tells_of_health(cast, language):
    cast.episode.client.language = language
    cast.episode.client.save(update_fields=["language"])
    browser = Browser(headers={"accept-language": language})
    holder = invite(cast.episode, cast.now, browser=browser)
    holder.open()
    titles = [title_of(stop_page(holder.made.link))]
    titles += [title_of(page) for page in pages(holder) if page.status_code != 302]
    assert len(titles) >= 7
    assert {title: telling_words(title) for title in titles if telling_words(title)} == {}


def test_no_address_a_client_opens_tells_of_health():
    routes = client_routes()
    assert {"rate", "rate_form", "stop"} <= routes
    paths = {name: path_of(name) for name in routes}
    assert {name: path for name, path in paths.items() if telling_words(path)} == {}


def path_of(name: str) -> str:
    """The path without what is different for everybody."""
    token, uuid = "_" * 22, "00000000-0000-0000-0000-000000000000"
    for args in ([], [uuid], [token]):
        try:
            return reverse(name, args=args)
        except Exception:  # noqa: BLE001, S112  the next kind of argument
            continue
    pytest.fail(f"no arguments for {name}")


def test_no_file_a_clients_page_loads_tells_of_health(cast):
    holder = invite(cast.episode, cast.now)
    holder.open()
    files = {
        name
        for page in pages(holder)
        for name in re.findall(r'(?:src|href)="(/static/[^"]+)"', page.content.decode())
    }
    assert files
    # "client" is what any program calls the other end.
    assert {name for name in files if {*telling_words(name)} - {"client"}} == set()


def test_no_file_is_offered_under_a_name_that_tells_of_health():
    """Names of downloads, wherever a view makes one."""
    sources = [*ROOT.glob("sessions/**/*.py"), *ROOT.glob("measures/**/*.py")]
    pattern = re.compile(r"""filename\*?=["']?([^"';}]+)""")
    names = {name for path in sources for name in pattern.findall(path.read_text("utf-8"))}
    assert {name for name in names if telling_words(name)} == set()
    assert pattern.findall('attachment; filename="clinic.csv"') == ["clinic.csv"]  # the control


def test_the_address_of_the_links_is_looked_at_before_deployment(settings):
    assert check_names(None) == []
    settings.ALLIANCE_URL = "https://oak-recovery.example"
    settings.DEFAULT_FROM_EMAIL = "Clinic <a@oak.example>"
    found = check_names(None)
    assert [(each.id, each.level) for each in found] == [("alliance.W001", 30)] * 2
    assert "recovery" in found[0].msg


def test_a_text_gateway_that_is_not_there_is_said_at_the_start(settings):
    assert check_text_gateway(None) == []
    settings.ALLIANCE_SMS_BACKEND = "nowhere.Backend"
    assert [each.id for each in check_text_gateway(None)] == ["alliance.E001"]
    settings.ALLIANCE_SMS_BACKEND = ""
    assert check_text_gateway(None) == []
