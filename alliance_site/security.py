"""Headers that every answer carries, and requests that no view should see."""

from collections.abc import Callable
from urllib.parse import unquote

from django.http import HttpRequest, HttpResponseBadRequest
from django.http.response import HttpResponseBase

GetResponse = Callable[[HttpRequest], HttpResponseBase]

# In the shape of Django 6's SECURE_CSP, so that this file shrinks on upgrade.
CSP = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",
    "connect-src": "'self'",
    "font-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
CSP_HEADER = "; ".join(f"{directive} {sources}" for directive, sources in CSP.items())


class SecurityHeadersMiddleware:
    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers["Content-Security-Policy"] = CSP_HEADER
        response.headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
        # Static files are served further in and set their own caching.
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        return response


class RefuseNulMiddleware:
    """A NUL in a path, query or cookie is never a person's; databases choke on it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        query = unquote(request.META.get("QUERY_STRING", ""))
        # A quoted cookie may spell it as an octal escape.
        if any("\0" in text for text in (request.path, query, *request.COOKIES.values())):
            return HttpResponseBadRequest("Bad request.", content_type="text/plain")
        return self.get_response(request)
