"""What stands on paper slips, each in its client's language: ready to be laid out on sheets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.forms import BoundField
from django.utils import translation
from django.utils.formats import date_format

from measures.capture.forms import ClientAnswersForm
from measures.capture.slip_codes import spaced
from measures.capture.slips import days_of
from measures.capture.who_sees import WhoSees, who_sees_paper
from measures.models import GROUP, PaperSlip, Rater, RatingRequest
from sessions.languages import client_language


@dataclass(frozen=True, slots=True)
class SlipSheet:
    """One slip. It names the counselor, as the questions do, and nobody else but who reads them."""

    code: str
    # Beside the slips, on the screen only.
    client_code: str
    starts_at: dt.datetime
    language: str
    is_rtl: bool
    form: ClientAnswersForm
    who: WhoSees
    until: str

    @property
    def questions(self) -> list[BoundField]:
        return self.form.questions


def sheets_of(
    slips: Sequence[PaperSlip], requests: Iterable[RatingRequest], today: dt.date
) -> list[SlipSheet]:
    """`requests`: those about the sessions of the slips, oldest first."""
    last = {request.session_id: request for request in requests}
    readers: dict[tuple[int, str], WhoSees] = {}
    sheets = []
    for slip in slips:
        episode = slip.session.episode
        language = client_language(episode.client.language)
        with translation.override(language):
            key = (episode.counselor_id, language)
            if key not in readers:
                readers[key] = who_sees_paper(episode, today)
            sheets.append(_sheet(slip, last.get(slip.session_id), language, readers[key]))
    return sheets


def _sheet(
    slip: PaperSlip, request: RatingRequest | None, language: str, who: WhoSees
) -> SlipSheet:
    return SlipSheet(
        code=spaced(slip.slip_code),
        client_code=slip.session.episode.client.code,
        starts_at=slip.session.starts_at,
        language=language,
        is_rtl=translation.get_language_bidi(),
        form=questions_of(slip, language),
        who=who,
        until=date_format(days_of(slip, request).last, "WEEKDAY_FORMAT"),
    )


def questions_of(slip: PaperSlip, language: str) -> ClientAnswersForm:
    return ClientAnswersForm(**asked_on(slip, language))


def asked_on(slip: PaperSlip, language: str) -> dict[str, Any]:
    """What a form needs to ask as the slip does."""
    return {
        "instrument_version": slip.instrument_version,
        "language": language,
        "names": {"counselor": slip.session.episode.counselor.name},
        "reader": GROUP if slip.session.group_id else Rater.CLIENT,
    }
