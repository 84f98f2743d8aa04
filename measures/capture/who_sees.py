""" "Who will see this", as the client reads it: written from the policy table and today's staff.

Each sentence stands here only while the table makes it true.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from django.db.models import Q
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from measures.policy import who_sees
from sessions.models import Cover, Episode, Membership, Supervision
from sessions.models.organizations import InLanguage
from sessions.models.people import on_day
from sessions.names import in_a_row, isolated
from sessions.policy import Actor, Data


@dataclass(frozen=True, slots=True)
class WhoSees:
    counselor: str
    supervisors: str
    first_line: str
    more: list[str]
    crisis: InLanguage


def supervisors_of(episode: Episode, today: dt.date) -> list[str]:
    """Those who read this case today as supervisors, deputies among them, by name."""
    at_work = Membership.objects.active_on(today).filter(supervisor=True)
    current = Supervision.objects.filter(on_day(today), counselor=episode.counselor_id)
    supervising = at_work.filter(pk__in=current.values("supervisor"))
    deputies = Cover.objects.filter(
        on_day(today, start="from_on", end="to_on"),
        part=Cover.Part.TEAM,
        member__in=supervising.values("pk"),
    ).exclude(stands_in=episode.counselor_id)
    reading = at_work.filter(
        Q(pk__in=supervising.values("pk")) | Q(pk__in=deputies.values("stands_in"))
    )
    return list(reading.order_by("name").values_list("name", flat=True))


def who_sees_answers(episode: Episode, today: dt.date) -> WhoSees:
    """The first line, always in view, and what "More" unfolds."""
    counselor = isolated(episode.counselor.name)
    readers = who_sees(Data.ANSWERS)
    supervising = supervisors_of(episode, today) if Actor.SUPERVISOR in readers else []
    names = [isolated(name) for name in supervising]
    supervisors = in_a_row(names)
    return WhoSees(
        counselor=counselor,
        supervisors=supervisors,
        first_line=_first_line([counselor, *names]),
        more=[
            _("%(counselor)s sees your answers and your note.") % {"counselor": counselor},
            *_of_supervisors(counselor, names, supervisors),
            *_of_everybody(counselor, readers),
        ],
        crisis=episode.organization.crisis_text_for(get_language() or "en"),
    )


def who_sees_paper(episode: Episode, today: dt.date) -> WhoSees:
    """The same on a paper slip, where a few lines have room: paper is also read by who types it."""
    who = who_sees_answers(episode, today)
    names = [isolated(name) for name in supervisors_of(episode, today)] if who.supervisors else []
    more = [
        *_of_supervisors(who.counselor, names, who.supervisors)[1:2],
        _("Somebody on our staff types this in, and reads it then."),
        _("A judge can order us to share records. That is rare."),
        _("Your answers do not change the help you get here."),
        _("No one reads this right away."),
    ]
    return replace(who, more=more)


def _first_line(names: list[str]) -> str:
    line = ngettext(
        "%(names)s can see your answers. We do not send them to court or probation.",
        "%(names)s can see your answers. We do not send them to court or probation.",
        len(names),
    )
    return line % {"names": in_a_row(names)}


def _of_supervisors(counselor: str, names: list[str], supervisors: str) -> list[str]:
    if not names:
        return []
    words = {"counselor": counselor, "supervisors": supervisors}
    helps = ngettext(
        "%(supervisors)s helps %(counselor)s do good work.",
        "%(supervisors)s help %(counselor)s do good work.",
        len(names),
    )
    sees = ngettext(
        "%(supervisors)s sees your answers, and your note only if you say so.",
        "%(supervisors)s see your answers, and your note only if you say so.",
        len(names),
    )
    away = ngettext(
        "If %(supervisors)s is away, the person standing in sees the same.",
        "If %(supervisors)s are away, the person standing in sees the same.",
        len(names),
    )
    return [helps % words, sees % words, away % words]


def _of_everybody(counselor: str, readers: frozenset[Actor]) -> list[str]:
    away = _("If %(counselor)s is away, the person standing in sees both.")
    sentences = [away % {"counselor": counselor}]
    if Actor.FRONT_DESK not in readers:
        sentences.append(_("The front desk cannot see them."))
    sentences += [
        _("We do not send them to a court, probation, immigration, your job, or your family."),
        _("A judge can order us to share records. That is rare."),
        _(
            "If you tell us you or someone else is in danger, we may have to act to keep people "
            "safe."
        ),
        _("A few people who keep our records safe can look when they must."),
        _("You can ask for a copy."),
        _("Your answers do not change the help you get here."),
        _("They are not part of any report about you."),
        _("No one reads this right away."),
    ]
    return sentences
