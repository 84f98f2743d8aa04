"""Two questions a proxy asks: is the process alive, and can it store a rating right now?"""

from django.contrib.auth.decorators import login_not_required
from django.db import Error, transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from alliance_site.transactions import without_transaction
from sessions.models import Organization


@require_safe
@login_not_required
@without_transaction
def live(request: HttpRequest) -> HttpResponse:
    return HttpResponse("alive\n", content_type="text/plain")


@require_safe
@login_not_required
@without_transaction
def ready(request: HttpRequest) -> HttpResponse:
    """Write a row and roll it back: on a full disk, reading still works and storing does not."""
    try:
        with transaction.atomic():
            Organization.objects.create(name="readiness", sender_name="", phone="", time_zone="UTC")
            transaction.set_rollback(True)
    except Error:  # a lost connection is an InterfaceError, which is no DatabaseError
        return HttpResponse("The database does not store.\n", status=503, content_type="text/plain")
    return HttpResponse("ready\n", content_type="text/plain")
