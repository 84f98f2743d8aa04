"""Headers of every answer, and requests that no view should see."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client as Browser

from alliance_site import errors
from sessions.views import organization
from tests.factories import PASSWORD

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
EXACTLY = {
    "Content-Security-Policy": CSP,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}
ADDRESSES = {
    "/account/login/": 200,
    "/about/": 302,
    "/rate/nothing": 404,
    "/nowhere/": 404,
    "/health/live": 200,
    "/health/ready": 200,
    "/nowhere": 404,
}

pytestmark = pytest.mark.django_db


def sent(response: Any) -> dict[str, str | None]:
    return {name: response.headers.get(name) for name in EXACTLY}


@pytest.mark.parametrize(("address", "status"), ADDRESSES.items())
def test_every_answer_to_a_stranger_carries_them(address, status):
    response = Browser().get(address)
    assert response.status_code == status
    # allauth says "max-age=0, no-cache, no-store, must-revalidate, private" for itself.
    assert "no-store" in response.headers["Cache-Control"]
    assert sent(response) | {"Cache-Control": "no-store"} == EXACTLY


@pytest.mark.parametrize("address", ["/today/", "/caseload/", "/about/", "/settings/"])
def test_every_answer_to_staff_carries_them(cast, log_in, address):
    assert sent(log_in(cast.alice).get(address)) == EXACTLY


def test_what_went_wrong_carries_them_too(cast, log_in, monkeypatch):
    monkeypatch.setattr(organization, "render", None)
    browser = log_in(cast.alice)
    browser.raise_request_exception = False
    response = browser.get("/about/")
    assert response.status_code == 500
    assert sent(response) == EXACTLY


def test_a_refused_form_carries_them_too(cast):
    response = Browser(enforce_csrf_checks=True).post("/account/login/", {})
    assert response.status_code == 403
    assert sent(response) == EXACTLY


def test_files_of_our_own_may_be_kept():
    response = Browser().get("/static/css/theme.css")
    response.close()
    assert response.status_code == 200
    assert "no-store" not in response.headers["Cache-Control"]
    assert response.headers["Content-Security-Policy"] == CSP


PATHS = ["/%00", "/today/%00", "/rate/%00", "/static/%00", "/static/css/%00.css", "/\0"]


@pytest.mark.parametrize("path", [*PATHS, "/clients/%00/", "/account/login/%00"])
def test_a_nul_in_a_path_is_refused(path):
    response = Browser().get(path)
    # whitenoise stands further out, and finds no such file.
    assert response.status_code in ({400, 404} if path.startswith("/static") else {400})
    assert sent(response)["Content-Security-Policy"] == CSP


@pytest.mark.parametrize("query", ["q=%00", "%00", "q=a&show=%00b", "next=/%00"])
@pytest.mark.parametrize("address", ["/caseload/", "/account/login/", "/"])
def test_a_nul_in_a_query_is_refused(cast, log_in, address, query):
    response = log_in(cast.alice).get(f"{address}?{query}")
    assert response.status_code == 400


def test_a_nul_that_stays_spelled_out_is_only_text(cast, log_in):
    assert log_in(cast.alice).get("/caseload/?q=%2500").status_code == 200


@pytest.mark.parametrize(
    "name", ["sessionid", "csrftoken", "messages", "rating", "django_language"]
)
def test_a_nul_in_a_cookie_is_refused(name):
    """In quotes it can be spelled as an octal escape, and PostgreSQL would choke on it."""
    browser = Browser(headers={"cookie": rf'{name}="aaaaaaaa\000bbbbbbbb"'})
    assert browser.get("/today/").status_code == 400


@pytest.mark.parametrize(
    "cookie",
    ["sessionid=" + "x" * 3000, 'sessionid="\\', "sessionid=\xff\xfe", "csrftoken='", "=;=", "a"],
)
def test_a_strange_cookie_is_nobody(cookie):
    response = Browser(headers={"cookie": cookie}).get("/today/")
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/account/login/")


@pytest.mark.parametrize("host", ["evil.example", "testserver.evil.example", "a\r\nb", "[", "x@y"])
def test_a_host_that_is_not_ours_is_refused(host):
    response = Browser(headers={"host": host}).get("/account/login/")
    assert response.status_code == 400
    assert "evil" not in response.content.decode()


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_logging_in_leads_nowhere_else(cast, target):
    given = {"login": cast.alice.user.email, "password": PASSWORD, "next": target}
    response = Browser().post("/account/login/", given)
    assert response.status_code == 302
    assert "evil" not in response.headers["Location"]


@pytest.mark.parametrize("address", ["/nowhere/", "/today/\x7f/", "/clients/%ED%A0%80/"])
def test_error_pages_ask_the_database_nothing(
    cast: SimpleNamespace, log_in: Any, django_assert_num_queries: Any, rf: Any, address: str
) -> None:
    request = rf.get(address)
    request.session, request.user = {}, cast.alice.user
    with django_assert_num_queries(0):
        pages = [
            errors.bad_request(request, ValueError()),
            errors.forbidden(request, ValueError()),
            errors.not_found(request, ValueError()),
            errors.server_error(request),
            errors.csrf_failure(request),
        ]
    assert [page.status_code for page in pages] == [400, 403, 404, 500, 403]
    assert all(b"<h1>" in page.content for page in pages)
