"""Every address x everybody: who gets what, what leaves, what stays, and what the log says.

The tables are written by hand and never computed: they must not repeat the code. A new address
fails here until somebody has written down who may use it.

Beside the cast: `anon` is not logged in, `off` was disabled and still has a live log-in, `root` is
a superuser on nobody's staff, `link` holds the link of alice's client, `else` that of bob's.
`whose` is the object asked for: alice's open one, her `closed` one, bob's (same organization),
eve's (another one), or one that `never` existed. 302 is the log-in page for strangers, and the way
on after a write.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session as WebSession
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db import connection, models
from django.http import Http404
from django.test import Client as Browser
from django.urls import URLPattern, URLResolver, get_resolver, reverse

import alliance_site.transactions
import sessions.access
from alliance_site.policy import POLICY
from measures.capture.slips import print_slips
from measures.capture.tokens import hash_token, new_token
from measures.models import CallRequest, Flag, Rating, RatingLink, RatingRequest
from measures.models.ratings import RatingQuerySet
from measures.repair.actions import agree_on_action
from measures.repair.flags import record_event
from measures.repair.talks import record_talk
from sessions.agreements import stop_contact
from sessions.devices import offer_device, pair_device
from sessions.models import (
    AccessEntry,
    Client,
    Consent,
    ContactStop,
    Cover,
    Episode,
    Membership,
    Session,
    User,
)
from sessions.models.clients import ClientQuerySet, EpisodeQuerySet
from sessions.policy import READ, WRITE, Actor, Policy
from sessions.sealing import Identity, seal
from sessions.services import close_episode
from tests import factories

GET = """
whose     anon  off   root  carl  rita  dana  ada   finn  sam   bob   alice eve   link  else
account_pin
  -       302   302   404   404   200   200   200   200   200   200   200   200   302   302
tablet
  -       302   302   404   404   200   200   200   200   200   200   200   200   302   302
hand_over
  alice   302   302   404   404   404   404   404   404   404   404   302   404   302   302
  closed  302   302   404   404   404   404   404   404   404   404   403   404   302   302
  bob     302   302   404   404   404   404   404   404   404   302   404   404   302   302
  eve     302   302   404   404   404   404   404   404   404   404   404   302   302   302
  never   302   302   404   404   404   404   404   404   404   404   404   404   302   302
session_answers
  alice   302   302   404   404   404   404   404   404   200   404   200   404   302   302
  closed  302   302   404   404   404   404   404   404   200   404   200   404   302   302
  bob     302   302   404   404   404   404   404   404   404   200   404   404   302   302
  eve     302   302   404   404   404   404   404   404   404   404   404   200   302   302
  never   302   302   404   404   404   404   404   404   404   404   404   404   302   302
handed
  -       302   302   302   302   302   302   302   302   302   302   302   302   302   302
devices
  -       302   302   404   404   404   404   200   404   404   404   404   200   302   302
device_revoke
  alice   302   302   404   404   404   404   405   404   404   404   404   405   302   302
  closed  302   302   404   404   404   404   405   404   404   404   404   405   302   302
  bob     302   302   404   404   404   404   405   404   404   404   404   405   302   302
  eve     302   302   404   404   404   404   405   404   404   404   404   405   302   302
  never   302   302   404   404   404   404   405   404   404   404   404   405   302   302
kiosk_pair
  -       404   404   404   404   404   404   404   404   404   404   404   404   404   404
kiosk
  -       404   404   404   404   404   404   404   404   404   404   404   404   404   404
rate_leave
  alice   405   405   405   405   405   405   405   405   405   405   405   405   405   405
  bob     405   405   405   405   405   405   405   405   405   405   405   405   405   405
  eve     405   405   405   405   405   405   405   405   405   405   405   405   405   405
  never   405   405   405   405   405   405   405   405   405   405   405   405   405   405
code
  -       200   200   200   200   200   200   200   200   200   200   200   200   200   200
code_letters
  -       200   200   200   200   200   200   200   200   200   200   200   200   200   200
code_keep
  alice   302   302   404   404   404   404   404   405   404   405   405   405   302   302
  closed  302   302   404   404   404   404   404   405   404   405   405   405   302   302
  bob     302   302   404   404   404   404   404   405   404   405   405   405   302   302
  eve     302   302   404   404   404   404   404   405   404   405   405   405   302   302
  never   302   302   404   404   404   404   404   405   404   405   405   405   302   302
home
  -       302   302   403   403   302   302   302   302   302   302   302   302   302   302
health_live
  -       200   200   200   200   200   200   200   200   200   200   200   200   200   200
health_ready
  -       200   200   200   200   200   200   200   200   200   200   200   200   200   200
account_login
  -       200   200   302   302   302   302   302   302   302   302   302   302   200   200
account_logout
  -       302   302   200   200   200   200   200   200   200   200   200   200   302   302
account_inactive
  -       200   200   200   200   200   200   200   200   200   200   200   200   200   200
account
  -       302   302   404   404   200   200   200   200   200   200   200   200   302   302
account_change_password
  -       302   302   404   404   200   200   200   200   200   200   200   200   302   302
account_reset_password
  -       200   200   200   200   200   200   200   200   200   200   200   200   200   200
account_reset_password_done
  -       200   200   200   200   200   200   200   200   200   200   200   200   200   200
account_reset_password_from_key
  -       200   200   200   200   200   200   200   200   200   200   200   200   200   200
account_reset_password_from_key_done
  -       200   200   200   200   200   200   200   200   200   200   200   200   200   200
waiting
  -       302   302   404   404   200   200   200   200   200   200   200   200   302   302
help
  -       302   302   404   404   200   404   404   404   200   200   200   200   302   302
about
  -       302   302   404   404   200   200   200   200   200   200   200   200   302   302
settings
  -       302   302   404   404   404   404   200   404   404   404   404   200   302   302
day
  -       302   302   404   404   404   404   404   200   404   404   404   404   302   302
episode_open
  -       302   302   404   404   404   404   404   404   404   200   200   200   302   302
session_pick
  -       302   302   404   404   404   404   404   404   404   200   200   200   302   302
today
  -       302   302   404   404   404   404   404   404   404   200   200   200   302   302
caseload
  -       302   302   404   404   404   404   404   404   404   200   200   200   302   302
supervision
  -       302   302   404   404   200   404   404   404   200   404   404   404   302   302
client
  alice   302   302   404   404   404   404   404   200   200   404   200   404   302   302
  closed  302   302   404   404   404   404   404   200   200   404   200   404   302   302
  bob     302   302   404   404   404   404   404   200   404   200   404   404   302   302
  eve     302   302   404   404   404   404   404   404   404   404   404   200   302   302
  never   302   302   404   404   404   404   404   404   404   404   404   404   302   302
client_edit
  alice   302   302   404   404   404   404   404   200   404   404   200   404   302   302
  closed  302   302   404   404   404   404   404   200   404   404   403   404   302   302
  bob     302   302   404   404   404   404   404   200   404   200   404   404   302   302
  eve     302   302   404   404   404   404   404   404   404   404   404   200   302   302
  never   302   302   404   404   404   404   404   404   404   404   404   404   302   302
session_schedule
  alice   302   302   404   404   404   404   404   200   404   404   200   404   302   302
  closed  302   302   404   404   404   404   404   200   404   404   403   404   302   302
  bob     302   302   404   404   404   404   404   200   404   200   404   404   302   302
  eve     302   302   404   404   404   404   404   404   404   404   404   200   302   302
  never   302   302   404   404   404   404   404   404   404   404   404   404   302   302
episode
  alice   302   302   404   404   404   404   404   404   200   404   200   404   302   302
  closed  302   302   404   404   404   404   404   404   200   404   200   404   302   302
  bob     302   302   404   404   404   404   404   404   404   200   404   404   302   302
  eve     302   302   404   404   404   404   404   404   404   404   404   200   302   302
  never   302   302   404   404   404   404   404   404   404   404   404   404   302   302
episode_close
  alice   302   302   404   404   404   404   404   404   404   404   200   404   302   302
  closed  302   302   404   404   404   404   404   404   404   404   403   404   302   302
  bob     302   302   404   404   404   404   404   404   404   200   404   404   302   302
  eve     302   302   404   404   404   404   404   404   404   404   404   200   302   302
  never   302   302   404   404   404   404   404   404   404   404   404   404   302   302
episode_pause
  alice   302   302   404   404   404   404   404   404   404   404   200   404   302   302
  closed  302   302   404   404   404   404   404   404   404   404   403   404   302   302
  bob     302   302   404   404   404   404   404   404   404   200   404   404   302   302
  eve     302   302   404   404   404   404   404   404   404   404   404   200   302   302
  never   302   302   404   404   404   404   404   404   404   404   404   404   302   302
episode_resume
  alice   302   302   404   404   404   404   404   404   404   405   405   405   302   302
  closed  302   302   404   404   404   404   404   404   404   405   405   405   302   302
  bob     302   302   404   404   404   404   404   404   404   405   405   405   302   302
  eve     302   302   404   404   404   404   404   404   404   405   405   405   302   302
  never   302   302   404   404   404   404   404   404   404   405   405   405   302   302
episode_reopen
  alice   302   302   404   404   404   404   404   404   404   404   403   404   302   302
  closed  302   302   404   404   404   404   404   404   404   404   200   404   302   302
  bob     302   302   404   404   404   404   404   404   404   403   404   404   302   302
  eve     302   302   404   404   404   404   404   404   404   404   404   403   302   302
  never   302   302   404   404   404   404   404   404   404   404   404   404   302   302
session_log
  alice   302   302   404   404   404   404   404   404   404   404   200   404   302   302
  closed  302   302   404   404   404   404   404   404   404   404   403   404   302   302
  bob     302   302   404   404   404   404   404   404   404   200   404   404   302   302
  eve     302   302   404   404   404   404   404   404   404   404   404   200   302   302
  never   302   302   404   404   404   404   404   404   404   404   404   404   302   302
session_start
  alice   302   302   404   404   404   404   404   404   404   405   405   405   302   302
  closed  302   302   404   404   404   404   404   404   404   405   405   405   302   302
  bob     302   302   404   404   404   404   404   404   404   405   405   405   302   302
  eve     302   302   404   404   404   404   404   404   404   405   405   405   302   302
  never   302   302   404   404   404   404   404   404   404   405   405   405   302   302
session_waive
  alice   302   302   404   404   404   404   404   404   404   405   405   405   302   302
  closed  302   302   404   404   404   404   404   404   404   405   405   405   302   302
  bob     302   302   404   404   404   404   404   404   404   405   405   405   302   302
  eve     302   302   404   404   404   404   404   404   404   405   405   405   302   302
  never   302   302   404   404   404   404   404   404   404   405   405   405   302   302
rating_link
  alice   302   302   404   404   404   404   404   405   404   405   405   405   302   302
  closed  302   302   404   404   404   404   404   405   404   405   405   405   302   302
  bob     302   302   404   404   404   404   404   405   404   405   405   405   302   302
  eve     302   302   404   404   404   404   404   405   404   405   405   405   302   302
  never   302   302   404   404   404   404   404   405   404   405   405   405   302   302
calls
  -       302   302   404   404   404   200   404   404   404   404   404   404   302   302
call_done
  alice   302   302   404   404   404   405   404   404   404   404   404   404   302   302
  closed  302   302   404   404   404   405   404   404   404   404   404   404   302   302
  bob     302   302   404   404   404   405   404   404   404   404   404   404   302   302
  eve     302   302   404   404   404   405   404   404   404   404   404   404   302   302
  never   302   302   404   404   404   405   404   404   404   404   404   404   302   302
rate
  alice   302   302   302   302   302   302   302   302   302   302   302   302   302   302
  bob     302   302   302   302   302   302   302   302   302   302   302   302   302   302
  eve     302   302   302   302   302   302   302   302   302   302   302   302   302   302
  never   404   404   404   404   404   404   404   404   404   404   404   404   404   404
rate_start
  alice   404   404   404   404   404   404   404   404   404   404   404   404   200   404
  bob     404   404   404   404   404   404   404   404   404   404   404   404   404   200
  eve     404   404   404   404   404   404   404   404   404   404   404   404   404   404
  never   404   404   404   404   404   404   404   404   404   404   404   404   404   404
rate_form
  alice   404   404   404   404   404   404   404   404   404   404   404   404   200   404
  bob     404   404   404   404   404   404   404   404   404   404   404   404   404   200
  eve     404   404   404   404   404   404   404   404   404   404   404   404   404   404
  never   404   404   404   404   404   404   404   404   404   404   404   404   404   404
rate_fresh
  alice   404   404   404   404   404   404   404   404   404   404   404   404   200   404
  bob     404   404   404   404   404   404   404   404   404   404   404   404   404   200
  eve     404   404   404   404   404   404   404   404   404   404   404   404   404   404
  never   404   404   404   404   404   404   404   404   404   404   404   404   404   404
rate_decline
  alice   404   404   404   404   404   404   404   404   404   404   404   404   200   404
  bob     404   404   404   404   404   404   404   404   404   404   404   404   404   200
  eve     404   404   404   404   404   404   404   404   404   404   404   404   404   404
  never   404   404   404   404   404   404   404   404   404   404   404   404   404   404
rate_not_me
  alice   404   404   404   404   404   404   404   404   404   404   404   404   200   404
  bob     404   404   404   404   404   404   404   404   404   404   404   404   404   200
  eve     404   404   404   404   404   404   404   404   404   404   404   404   404   404
  never   404   404   404   404   404   404   404   404   404   404   404   404   404   404
rate_thanks
  alice   404   404   404   404   404   404   404   404   404   404   404   404   302   404
  bob     404   404   404   404   404   404   404   404   404   404   404   404   404   302
  eve     404   404   404   404   404   404   404   404   404   404   404   404   404   404
  never   404   404   404   404   404   404   404   404   404   404   404   404   404   404
stop
  alice   200   200   200   200   200   200   200   200   200   200   200   200   200   200
  closed  200   200   200   200   200   200   200   200   200   200   200   200   200   200
  bob     200   200   200   200   200   200   200   200   200   200   200   200   200   200
  eve     200   200   200   200   200   200   200   200   200   200   200   200   200   200
  never   404   404   404   404   404   404   404   404   404   404   404   404   404   404
messages
  -       302   302   404   404   404   404   404   200   404   200   200   200   302   302
message_restart
  alice   302   302   404   404   404   404   404   405   404   405   405   405   302   302
  closed  302   302   404   404   404   404   404   405   404   405   405   405   302   302
  bob     302   302   404   404   404   404   404   405   404   405   405   405   302   302
  eve     302   302   404   404   404   404   404   405   404   405   405   405   302   302
  never   302   302   404   404   404   404   404   405   404   405   405   405   302   302
rating_send
  alice   302   302   404   404   404   404   404   405   404   405   405   405   302   302
  closed  302   302   404   404   404   404   404   405   404   405   405   405   302   302
  bob     302   302   404   404   404   404   404   405   404   405   405   405   302   302
  eve     302   302   404   404   404   404   404   405   404   405   405   405   302   302
  never   302   302   404   404   404   404   404   405   404   405   405   405   302   302
slips
  -       302   302   404   404   404   404   404   200   404   200   200   200   302   302
slips_sheet
  -       302   302   404   404   404   404   404   302   404   302   302   302   302   302
slip_code
  -       302   302   404   404   404   404   404   200   404   200   200   200   302   302
slip_entry
  alice   302   302   404   404   404   404   404   200   404   404   200   404   302   302
  closed  302   302   404   404   404   404   404   403   404   404   403   404   302   302
  bob     302   302   404   404   404   404   404   200   404   200   404   404   302   302
  eve     302   302   404   404   404   404   404   404   404   404   404   200   302   302
  never   302   302   404   404   404   404   404   404   404   404   404   404   302   302
"""

POST = """
whose     anon  off   root  carl  rita  dana  ada   finn  sam   bob   alice eve   link  else
account_pin
  -       302   302   404   404   200   200   200   200   200   200   200   200   302   302
tablet
  -       302   302   404   404   302   302   302   302   302   302   302   302   302   302
hand_over
  alice   302   302   404   404   404   404   404   404   404   404   302   404   302   302
  closed  302   302   404   404   404   404   404   404   404   404   403   404   302   302
  bob     302   302   404   404   404   404   404   404   404   302   404   404   302   302
  eve     302   302   404   404   404   404   404   404   404   404   404   302   302   302
  never   302   302   404   404   404   404   404   404   404   404   404   404   302   302
session_answers
  alice   302   302   404   404   405   404   404   404   405   405   405   405   302   302
  closed  302   302   404   404   405   404   404   404   405   405   405   405   302   302
  bob     302   302   404   404   405   404   404   404   405   405   405   405   302   302
  eve     302   302   404   404   405   404   404   404   405   405   405   405   302   302
  never   302   302   404   404   405   404   404   404   405   405   405   405   302   302
handed
  -       302   302   302   302   302   302   302   302   302   302   302   302   302   302
devices
  -       302   302   404   404   404   404   200   404   404   404   404   200   302   302
device_revoke
  alice   302   302   404   404   404   404   302   404   404   404   404   404   302   302
  closed  302   302   404   404   404   404   302   404   404   404   404   404   302   302
  bob     302   302   404   404   404   404   302   404   404   404   404   404   302   302
  eve     302   302   404   404   404   404   404   404   404   404   404   302   302   302
  never   302   302   404   404   404   404   404   404   404   404   404   404   302   302
kiosk_pair
  -       404   404   404   404   404   404   404   404   404   404   404   404   404   404
kiosk
  -       404   404   404   404   404   404   404   404   404   404   404   404   404   404
rate_leave
  alice   404   404   404   404   404   404   404   404   404   404   404   404   302   404
  bob     404   404   404   404   404   404   404   404   404   404   404   404   404   302
  eve     404   404   404   404   404   404   404   404   404   404   404   404   404   404
  never   404   404   404   404   404   404   404   404   404   404   404   404   404   404
code
  -       422   422   422   422   422   422   422   422   422   422   422   422   422   422
code_letters
  -       422   422   422   422   422   422   422   422   422   422   422   422   422   422
code_keep
  alice   302   302   404   404   404   404   404   200   404   404   200   404   302   302
  closed  302   302   404   404   404   404   404   403   404   404   403   404   302   302
  bob     302   302   404   404   404   404   404   200   404   200   404   404   302   302
  eve     302   302   404   404   404   404   404   404   404   404   404   200   302   302
  never   302   302   404   404   404   404   404   404   404   404   404   404   302   302
home
  -       302   302   405   405   405   405   405   405   405   405   405   405   302   302
health_live
  -       405   405   405   405   405   405   405   405   405   405   405   405   405   405
health_ready
  -       405   405   405   405   405   405   405   405   405   405   405   405   405   405
account_login
  -       200   200   302   302   302   302   302   302   302   302   302   302   200   200
account_logout
  -       302   302   302   302   302   302   302   302   302   302   302   302   302   302
account_inactive
  -       405   405   405   405   405   405   405   405   405   405   405   405   405   405
account
  -       302   302   404   404   302   302   302   302   302   302   302   302   302   302
account_change_password
  -       302   302   404   404   200   200   200   200   200   200   200   200   302   302
account_reset_password
  -       200   200   200   200   200   200   200   200   200   200   200   200   200   200
account_reset_password_done
  -       405   405   405   405   405   405   405   405   405   405   405   405   405   405
account_reset_password_from_key
  -       200   200   200   200   200   200   200   200   200   200   200   200   200   200
account_reset_password_from_key_done
  -       405   405   405   405   405   405   405   405   405   405   405   405   405   405
waiting
  -       302   302   404   404   405   405   405   405   405   405   405   405   302   302
help
  -       302   302   404   404   405   404   404   404   405   405   405   405   302   302
about
  -       302   302   404   404   405   405   405   405   405   405   405   405   302   302
settings
  -       302   302   404   404   404   404   302   404   404   404   404   302   302   302
day
  -       302   302   404   404   404   404   404   405   404   404   404   404   302   302
episode_open
  -       302   302   404   404   404   404   404   404   404   302   302   302   302   302
session_pick
  -       302   302   404   404   404   404   404   404   404   405   405   405   302   302
today
  -       302   302   404   404   404   404   404   404   404   405   405   405   302   302
caseload
  -       302   302   404   404   404   404   404   404   404   405   405   405   302   302
supervision
  -       302   302   404   404   405   404   404   404   405   404   404   404   302   302
client
  alice   302   302   404   404   405   404   404   405   405   405   405   405   302   302
  closed  302   302   404   404   405   404   404   405   405   405   405   405   302   302
  bob     302   302   404   404   405   404   404   405   405   405   405   405   302   302
  eve     302   302   404   404   405   404   404   405   405   405   405   405   302   302
  never   302   302   404   404   405   404   404   405   405   405   405   405   302   302
client_edit
  alice   302   302   404   404   404   404   404   302   404   404   302   404   302   302
  closed  302   302   404   404   404   404   404   302   404   404   403   404   302   302
  bob     302   302   404   404   404   404   404   302   404   302   404   404   302   302
  eve     302   302   404   404   404   404   404   404   404   404   404   302   302   302
  never   302   302   404   404   404   404   404   404   404   404   404   404   302   302
session_schedule
  alice   302   302   404   404   404   404   404   302   404   404   302   404   302   302
  closed  302   302   404   404   404   404   404   200   404   404   403   404   302   302
  bob     302   302   404   404   404   404   404   302   404   302   404   404   302   302
  eve     302   302   404   404   404   404   404   404   404   404   404   302   302   302
  never   302   302   404   404   404   404   404   404   404   404   404   404   302   302
episode
  alice   302   302   404   404   405   404   404   404   405   405   405   405   302   302
  closed  302   302   404   404   405   404   404   404   405   405   405   405   302   302
  bob     302   302   404   404   405   404   404   404   405   405   405   405   302   302
  eve     302   302   404   404   405   404   404   404   405   405   405   405   302   302
  never   302   302   404   404   405   404   404   404   405   405   405   405   302   302
episode_close
  alice   302   302   404   404   404   404   404   404   404   404   302   404   302   302
  closed  302   302   404   404   404   404   404   404   404   404   403   404   302   302
  bob     302   302   404   404   404   404   404   404   404   302   404   404   302   302
  eve     302   302   404   404   404   404   404   404   404   404   404   302   302   302
  never   302   302   404   404   404   404   404   404   404   404   404   404   302   302
episode_pause
  alice   302   302   404   404   404   404   404   404   404   404   302   404   302   302
  closed  302   302   404   404   404   404   404   404   404   404   403   404   302   302
  bob     302   302   404   404   404   404   404   404   404   302   404   404   302   302
  eve     302   302   404   404   404   404   404   404   404   404   404   302   302   302
  never   302   302   404   404   404   404   404   404   404   404   404   404   302   302
episode_resume
  alice   302   302   404   404   404   404   404   404   404   404   302   404   302   302
  closed  302   302   404   404   404   404   404   404   404   404   403   404   302   302
  bob     302   302   404   404   404   404   404   404   404   302   404   404   302   302
  eve     302   302   404   404   404   404   404   404   404   404   404   302   302   302
  never   302   302   404   404   404   404   404   404   404   404   404   404   302   302
episode_reopen
  alice   302   302   404   404   404   404   404   404   404   404   403   404   302   302
  closed  302   302   404   404   404   404   404   404   404   404   302   404   302   302
  bob     302   302   404   404   404   404   404   404   404   403   404   404   302   302
  eve     302   302   404   404   404   404   404   404   404   404   404   403   302   302
  never   302   302   404   404   404   404   404   404   404   404   404   404   302   302
session_log
  alice   302   302   404   404   404   404   404   404   404   404   302   404   302   302
  closed  302   302   404   404   404   404   404   404   404   404   403   404   302   302
  bob     302   302   404   404   404   404   404   404   404   302   404   404   302   302
  eve     302   302   404   404   404   404   404   404   404   404   404   302   302   302
  never   302   302   404   404   404   404   404   404   404   404   404   404   302   302
session_start
  alice   302   302   404   404   404   404   404   404   404   404   302   404   302   302
  closed  302   302   404   404   404   404   404   404   404   404   403   404   302   302
  bob     302   302   404   404   404   404   404   404   404   302   404   404   302   302
  eve     302   302   404   404   404   404   404   404   404   404   404   302   302   302
  never   302   302   404   404   404   404   404   404   404   404   404   404   302   302
session_waive
  alice   302   302   404   404   404   404   404   404   404   404   302   404   302   302
  closed  302   302   404   404   404   404   404   404   404   404   403   404   302   302
  bob     302   302   404   404   404   404   404   404   404   302   404   404   302   302
  eve     302   302   404   404   404   404   404   404   404   404   404   302   302   302
  never   302   302   404   404   404   404   404   404   404   404   404   404   302   302
rating_link
  alice   302   302   404   404   404   404   404   200   404   404   200   404   302   302
  closed  302   302   404   404   404   404   404   403   404   404   403   404   302   302
  bob     302   302   404   404   404   404   404   200   404   200   404   404   302   302
  eve     302   302   404   404   404   404   404   404   404   404   404   200   302   302
  never   302   302   404   404   404   404   404   404   404   404   404   404   302   302
calls
  -       302   302   404   404   404   405   404   404   404   404   404   404   302   302
call_done
  alice   302   302   404   404   404   302   404   404   404   404   404   404   302   302
  closed  302   302   404   404   404   302   404   404   404   404   404   404   302   302
  bob     302   302   404   404   404   302   404   404   404   404   404   404   302   302
  eve     302   302   404   404   404   404   404   404   404   404   404   404   302   302
  never   302   302   404   404   404   404   404   404   404   404   404   404   302   302
rate
  alice   405   405   405   405   405   405   405   405   405   405   405   405   405   405
  bob     405   405   405   405   405   405   405   405   405   405   405   405   405   405
  eve     405   405   405   405   405   405   405   405   405   405   405   405   405   405
  never   405   405   405   405   405   405   405   405   405   405   405   405   405   405
rate_start
  alice   405   405   405   405   405   405   405   405   405   405   405   405   405   405
  bob     405   405   405   405   405   405   405   405   405   405   405   405   405   405
  eve     405   405   405   405   405   405   405   405   405   405   405   405   405   405
  never   405   405   405   405   405   405   405   405   405   405   405   405   405   405
rate_form
  alice   404   404   404   404   404   404   404   404   404   404   404   404   302   404
  bob     404   404   404   404   404   404   404   404   404   404   404   404   404   302
  eve     404   404   404   404   404   404   404   404   404   404   404   404   404   404
  never   404   404   404   404   404   404   404   404   404   404   404   404   404   404
rate_fresh
  alice   405   405   405   405   405   405   405   405   405   405   405   405   405   405
  bob     405   405   405   405   405   405   405   405   405   405   405   405   405   405
  eve     405   405   405   405   405   405   405   405   405   405   405   405   405   405
  never   405   405   405   405   405   405   405   405   405   405   405   405   405   405
rate_decline
  alice   404   404   404   404   404   404   404   404   404   404   404   404   302   404
  bob     404   404   404   404   404   404   404   404   404   404   404   404   404   302
  eve     404   404   404   404   404   404   404   404   404   404   404   404   404   404
  never   404   404   404   404   404   404   404   404   404   404   404   404   404   404
rate_not_me
  alice   404   404   404   404   404   404   404   404   404   404   404   404   200   404
  bob     404   404   404   404   404   404   404   404   404   404   404   404   404   200
  eve     404   404   404   404   404   404   404   404   404   404   404   404   404   404
  never   404   404   404   404   404   404   404   404   404   404   404   404   404   404
rate_thanks
  alice   405   405   405   405   405   405   405   405   405   405   405   405   405   405
  bob     405   405   405   405   405   405   405   405   405   405   405   405   405   405
  eve     405   405   405   405   405   405   405   405   405   405   405   405   405   405
  never   405   405   405   405   405   405   405   405   405   405   405   405   405   405
stop
  alice   200   200   200   200   200   200   200   200   200   200   200   200   200   200
  closed  200   200   200   200   200   200   200   200   200   200   200   200   200   200
  bob     200   200   200   200   200   200   200   200   200   200   200   200   200   200
  eve     200   200   200   200   200   200   200   200   200   200   200   200   200   200
  never   404   404   404   404   404   404   404   404   404   404   404   404   404   404
messages
  -       302   302   404   404   404   404   404   405   404   405   405   405   302   302
message_restart
  alice   302   302   404   404   404   404   404   302   404   404   302   404   302   302
  closed  302   302   404   404   404   404   404   302   404   404   403   404   302   302
  bob     302   302   404   404   404   404   404   302   404   302   404   404   302   302
  eve     302   302   404   404   404   404   404   404   404   404   404   302   302   302
  never   302   302   404   404   404   404   404   404   404   404   404   404   302   302
rating_send
  alice   302   302   404   404   404   404   404   302   404   404   302   404   302   302
  closed  302   302   404   404   404   404   404   403   404   404   403   404   302   302
  bob     302   302   404   404   404   404   404   302   404   302   404   404   302   302
  eve     302   302   404   404   404   404   404   404   404   404   404   302   302   302
  never   302   302   404   404   404   404   404   404   404   404   404   404   302   302
slips
  -       302   302   404   404   404   404   404   302   404   302   302   302   302   302
slips_sheet
  -       302   302   404   404   404   404   404   405   404   405   405   405   302   302
slip_code
  -       302   302   404   404   404   404   404   422   404   422   422   422   302   302
slip_entry
  alice   302   302   404   404   404   404   404   302   404   404   302   404   302   302
  closed  302   302   404   404   404   404   404   403   404   404   403   404   302   302
  bob     302   302   404   404   404   404   404   302   404   302   404   404   302   302
  eve     302   302   404   404   404   404   404   404   404   404   404   302   302   302
  never   302   302   404   404   404   404   404   404   404   404   404   404   302   302
"""

pytestmark = pytest.mark.django_db

PEOPLE = GET.split("\n")[1].split()[1:]
STAFF = ("rita", "dana", "ada", "finn", "sam", "bob", "alice", "eve")
OBJECTS = ("alice", "closed", "bob", "eve", "never")

# What the address of a route names.
NAMES = {
    "device_revoke": "device",
    "rate_leave": "request",
    "hand_over": "session",
    "session_answers": "session",
    "code_keep": "session",
    "client": "client",
    "client_edit": "client",
    "session_schedule": "client",
    "episode": "episode",
    "episode_close": "episode",
    "episode_pause": "episode",
    "episode_resume": "episode",
    "episode_reopen": "episode",
    "session_start": "episode",
    "session_log": "session",
    "session_waive": "session",
    "rating_link": "session",
    "call_done": "call",
    "rate": "token",
    "stop": "stop",
    "message_restart": "silence",
    "rating_send": "session",
    "rate_start": "request",
    "rate_form": "request",
    "rate_fresh": "request",
    "rate_decline": "request",
    "rate_not_me": "request",
    "rate_thanks": "request",
    "slip_entry": "session",
}

# Answered without a log-in: the way in, the client's own pages, and the proxy's two questions.
WITHOUT_LOG_IN = {
    "kiosk",
    "kiosk_pair",
    "rate_leave",
    "handed",
    "code",
    "code_letters",
    "health_live",
    "health_ready",
    "account_login",
    "account_logout",
    "account_inactive",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "rate",
    "rate_start",
    "rate_form",
    "rate_fresh",
    "rate_decline",
    "rate_not_me",
    "rate_thanks",
    "stop",
}

# Outside the transaction, so without an access entry. They read no client.
WITHOUT_ENTRY = {"health_live", "health_ready"}

# The log must not tell a counselor that the client asked for a call: see call_views.py.
LOGGED_WITHOUT_NAMES = {"calls", "call_done"}

# Whose data of which kind may reach whom. Nobody else gets anything.
IDENTITY = {"code", "name", "email", "phone", "word"}
OPEN = IDENTITY | {"goal", "note", "shared", "answers", "record", "promise"}
MAY_READ: dict[str, dict[str, set[str]]] = {
    "alice": {"alice": OPEN, "closed": OPEN},
    "bob": {"bob": OPEN},
    "sam": {"alice": OPEN - {"note"} | {"blind"}, "closed": OPEN - {"note"}},
    "finn": {"alice": IDENTITY, "closed": IDENTITY, "bob": IDENTITY, "carl": IDENTITY},
    "eve": {"eve": OPEN, "elsewhere": {"login"}},
    "ada": {"here": {"login"}},
    "dana": {
        owner: {"code", "name", "phone", "call"} for owner in ("alice", "closed", "bob", "carl")
    },
    "link": {"alice": {"goal", "promise"}},
    "else": {"bob": {"goal", "promise"}},
}

# The control: what the search must find, or it would find nothing anywhere.
MUST_FIND = {
    "alice": {"code alice", "name alice", "email alice", "goal alice", "note alice",
              "shared alice", "answers alice", "goal closed"},
    "bob": {"code bob", "goal bob", "note bob", "answers bob"},
    "sam": {"code alice", "goal alice", "shared alice", "answers alice", "blind alice"},
    "finn": {"code alice", "name alice", "email alice", "phone bob"},
    "eve": {"code eve", "goal eve", "note eve", "answers eve", "login elsewhere"},
    "ada": {"login here"},
    "dana": {"code alice", "name alice", "call alice", "call closed", "call bob"},
    "link": {"goal alice"},
    "else": {"goal bob"},
}  # fmt: skip

# Numbers that no band, mean or limit on a page happens to be.
SCORES = {"alice": 8.31, "closed": 7.83, "bob": 6.43, "eve": 5.51, "carl": 4.93}
BLIND_SCORE, BLIND_WISH = 9.33, "push_less"

# Words that only pages about answers have.
ANSWER_WORDS = (
    "Chose not to answer",
    "Lower than usual",
    "Not yet talked about",
    "A rating was given",
    "trend-chart",
    'class="spark"',
    "Your own rating",
)


# ---- the tables ----


def parsed(table: str) -> dict[tuple[str, str], dict[str, int]]:
    """{(route, whose): {person: status}}"""
    cells: dict[tuple[str, str], dict[str, int]] = {}
    route = ""
    for line in table.strip().split("\n")[1:]:
        if not line.startswith(" "):
            route = line
            continue
        whose, *statuses = line.split()
        cells[route, whose] = dict(zip(PEOPLE, map(int, statuses), strict=True))
    return cells


TABLES = {"GET": parsed(GET), "POST": parsed(POST)}


def addresses(
    patterns: Iterable[URLPattern | URLResolver] | None = None,
) -> Iterator[URLPattern]:
    """Every pattern of the URLconf, through every include."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns)
        else:
            yield pattern


def sayings(rows: set[tuple[str, str]]) -> Iterator[str]:
    """What the table lacks, or has too much of, as sentences."""
    known = {pattern.name or f"(unnamed) {pattern.pattern}" for pattern in addresses()}
    listed = {route for route, _ in rows}
    for route in sorted(known - listed):
        yield f"The address {route!r} has no row: write down by hand who may use it."
    for route in sorted(listed - known):
        yield f"The row {route!r} is about an address that is gone."
    for route in sorted(known & set(NAMES)):
        missing = set(OBJECTS) - {whose for name, whose in rows if name == route}
        if missing - ({"closed"} if route.startswith("rate") and route != "rating_link" else set()):
            yield f"The address {route!r} has no row for {', '.join(sorted(missing))}."


# ---- the world ----


@dataclass
class World:
    cast: SimpleNamespace
    things: dict[str, dict[str, str]] = field(default_factory=dict)
    clients: dict[str, int] = field(default_factory=dict)
    browsers: dict[str, Browser] = field(default_factory=dict)


# A Wednesday, 2 pm in Chicago: Monday's sessions are open, Tuesday's still blind.
NOW = dt.datetime(2026, 11, 18, 20, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def built_once(kept_for_the_module: None) -> Iterator[World]:
    """The world takes seconds to make, so it is made once. Each test runs inside."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alliance_site.transactions, "database_now", lambda: NOW)
        yield build()


@pytest.fixture
def world(built_once: World) -> Iterator[World]:
    cache.clear()  # allauth counts attempts
    cookies = {person: cookies_of(browser) for person, browser in built_once.browsers.items()}
    yield built_once
    for person, browser in built_once.browsers.items():
        give_cookies(browser, cookies[person])


def build() -> World:
    cast = factories.make_cast(NOW)
    world = World(cast)
    for person in ("alice", "bob", "eve", "carl"):
        take_on(world, getattr(cast, person), person)
    take_on(world, cast.alice, "closed")
    give_a_blind_rating(world)
    end_the_closed_one(world)
    make_never(world)
    mark_the_staff(cast)
    world.browsers = {person: browser_of(world, person) for person in PEOPLE}
    return world


def canary(kind: str, owner: str) -> str:
    return f"kn-{kind}-{owner}"


def take_on(world: World, counselor: Membership, owner: str) -> None:
    """A client with a unique string in every text field, and a session of today to ask about."""
    cast = world.cast
    texts = {kind: canary(kind, owner) for kind in ("name", "phone")}
    identity = Identity(email=f"{canary('email', owner)}@example.org", **texts)
    episode = factories.make_episode(
        counselor, canary("code", owner), cast.today, identity=identity, goal=canary("goal", owner)
    )
    Client.objects.filter(pk=episode.client_id).update(own_word=canary("word", owner))
    give_consent(episode, owner, cast.now)
    rate_sessions(episode, owner, cast.now)
    session = factories.make_session(episode, cast.now - dt.timedelta(hours=4))
    made = factories.invite(session, cast.now)
    print_slips(sessions=[session], by=counselor, now=cast.now)
    world.clients[owner] = episode.client_id
    world.things[owner] = {
        "client": str(episode.client.uuid),
        "episode": str(episode.uuid),
        "session": str(session.uuid),
        "request": str(made.link.request.uuid),
        "token": made.token,
        "stop": stop_token_of(made.link),
        "silence": silence(episode, cast.now),
        "call": ask_for_a_call(made.link.request, owner, cast),
        "device": pair_a_tablet(counselor, cast),
    }


def silence(episode: Episode, now: dt.datetime) -> str:
    """Mails to this client did not arrive, some time ago."""
    reason = ContactStop.Reason.UNDELIVERED
    stop_contact(client=episode.client, channel="mail", reason=reason, now=now)
    return str(ContactStop.objects.get(client=episode.client).uuid)


def stop_token_of(link: RatingLink) -> str:
    """As a mail has one."""
    token = new_token()
    RatingLink.objects.filter(pk=link.pk).update(stop_hash=hash_token(token))
    return token


def pair_a_tablet(by: Membership, cast: SimpleNamespace) -> str:
    place = "here" if by.organization_id == cast.here.pk else "elsewhere"
    offered = offer_device(name=canary("login", place), by=by, now=cast.now)
    pair_device(device=offered.device, now=cast.now)
    return str(offered.device.uuid)


def ask_for_a_call(request: RatingRequest, owner: str, cast: SimpleNamespace) -> str:
    contact = cast.eve if owner == "eve" else cast.dana  # eve is no rights contact
    call = CallRequest.objects.create(
        organization_id=request.organization_id,
        client=request.session.episode.client,
        request=request,
        contact=contact,
        sealed_phone=seal(request.session.episode.client, "call", canary("call", owner)),
        asked_at=cast.now,
    )
    return str(call.uuid)


def give_consent(episode: Episode, owner: str, now: dt.datetime) -> None:
    text = canary("record", owner)
    Consent.objects.create(
        organization_id=episode.organization_id,
        client=episode.client,
        purpose=Consent.Purpose.DISCLOSURE,
        text_version=text[:20],
        scope=text,
        recipient=text,
        how=text,
        given_at=now,
        withdrawn_how=text,
        withdrawn_at=now,
    )


def rate_sessions(episode: Episode, owner: str, now: dt.datetime) -> None:
    """A course that ends low, so that a flag is up; two notes; and one who would not answer."""
    score = SCORES[owner]
    low = max(round(score - 5, 2), 0.0)
    course = [score] * 6 + [low]
    sessions_ = factories.make_course(episode, list(course), now - dt.timedelta(days=16))
    flag = sessions_[-1].episode.flags.first()
    if flag:
        talk_about(flag, owner, now)
    for days, kind, readers in ((15, "note", "counselor"), (14, "shared", "supervisor")):
        session = factories.make_session(episode, now - dt.timedelta(days=days))
        factories.rate(session, 7, "counselor")
        factories.rate(session, low, note=canary(kind, owner), note_for=readers, now=now)
    declined = factories.make_session(episode, now - dt.timedelta(days=13))
    factories.rate(declined, (None, None, None), declined=True)
    on_paper = factories.make_session(episode, now - dt.timedelta(days=12))
    write_on_paper(on_paper, factories.rate(declined, 7, "counselor"), owner)
    agree(episode, owner, now)


def talk_about(flag: Flag, owner: str, now: dt.datetime) -> None:
    """On record with every text there can be, while the pages still say "not yet"."""
    text = canary("record", owner)
    record_event(flag, flag.state, now=now, reason=text)
    record_talk(
        flag=flag,
        by=flag.episode.counselor,
        talked_on=now.date() - dt.timedelta(days=16),
        now=now,
        agreed=text,
        client_text={"en": canary("promise", owner)},
        wish=text[:20],
    )
    Flag.objects.filter(pk=flag.pk).update(state=flag.state)


def agree(episode: Episode, owner: str, now: dt.datetime) -> None:
    """Actions of a meeting, one about the client and one about the work; and a case opened."""
    counselor, text = episode.counselor, canary("action", owner)
    for about in (episode, None):
        agree_on_action(
            counselor=counselor,
            text=text,
            owner=counselor,
            due_on=now.date(),
            by=counselor,
            now=now,
            episode=about,
        )


def write_on_paper(session: Session, like: Rating, owner: str) -> None:
    """A rating with every field filled that the form of today leaves empty."""
    text = canary("record", owner)
    Rating.objects.create(
        organization_id=session.organization_id,
        session=session,
        rater="client",
        instrument_id=like.instrument_id,
        instrument_version_id=like.instrument_version_id,
        way_in=Rating.WayIn.PAPER,
        helper=text,
        present=text,
        reason=text,
        change_wish=text[:20],
        answers={"respect": text},
        outcome=Rating.Outcome.PARTIAL,
        given_at=like.given_at,
        stored_at=like.stored_at,
        payload_hash="",
    )


def give_a_blind_rating(world: World) -> None:
    """Yesterday's: alice has not rated it, so what the client answered is not for her yet."""
    episode = Episode.objects.get(uuid=world.things["alice"]["episode"])
    session = factories.make_session(episode, world.cast.now - dt.timedelta(days=1))
    factories.rate(session, BLIND_SCORE, change_wish=BLIND_WISH)


def end_the_closed_one(world: World) -> None:
    episode = Episode.objects.get(uuid=world.things["closed"]["episode"])
    close_episode(episode=episode, reason=Episode.Reason.COMPLETED, now=world.cast.now)


def make_never(world: World) -> None:
    ids = {
        key: str(uuid.uuid4())
        for key in ("client", "episode", "session", "request", "call", "silence", "device")
    }
    world.things["never"] = ids | dict.fromkeys(["token", "stop"], "AAAAAAAAAAAAAAAAAAAAAA")


def mark_the_staff(cast: SimpleNamespace) -> None:
    """Log-ins are for the administrator of the same organization only."""
    for membership in Membership.objects.select_related("user"):
        place = "here" if membership.organization_id == cast.here.pk else "elsewhere"
        membership.user.email = f"{membership.pk}.{canary('login', place)}@example.org"
        membership.user.save(update_fields=["email"])
    today, far = cast.today, cast.today + dt.timedelta(days=300)
    Cover.objects.create(
        organization=cast.here,
        member=cast.alice,
        stands_in=cast.bob,
        from_on=far,
        to_on=far,
        reason=canary("record", "alice"),
    )
    cast.off = factories.make_member(cast.here, "Olga", today, counselor=True, supervisor=True)


def browser_of(world: World, person: str) -> Browser:
    browser = Browser(raise_request_exception=False)
    if person in {"link", "else"}:
        browser.get(
            reverse("rate", args=[world.things[{"link": "alice"}.get(person, "bob")]["token"]])
        )
    elif person == "root":
        browser.force_login(User.objects.create_superuser("root@example.org", factories.PASSWORD))
    elif person != "anon":
        member = getattr(world.cast, person)
        browser.force_login(member.user)
        if person == "off":
            User.objects.filter(pk=member.user_id).update(is_active=False)
    return browser


# ---- visiting everything ----


@dataclass(frozen=True)
class Answer:
    """What one person got for one request, and what it left behind."""

    person: str
    method: str
    route: str
    whose: str
    status: int
    text: str
    bytes_: bytes
    changed: bool
    entries: tuple[AccessEntry, ...]
    owners: dict[int, str]

    def __str__(self) -> str:
        return f"{self.person} {self.method} {self.route} ({self.whose}) -> {self.status}"


def sweep(
    world: World,
    person: str,
    routes: Iterable[str] | None = None,
    whose: Iterable[str] = ("-", *OBJECTS),
    methods: Iterable[str] = ("GET", "POST"),
) -> list[Answer]:
    """Everything one person can ask for, one request at a time."""
    before = snapshot()
    asked = set(routes) if routes is not None else None
    return [
        visit(world, person, method, route, owner, before=before)
        for method in methods
        for route, owner in TABLES[method]
        if owner in whose and (asked is None or route in asked)
    ]


def visit(
    world: World, person: str, method: str, route: str, whose: str, *, before: list[Any]
) -> Answer:
    browser = world.browsers[person]
    cookies = cookies_of(browser)
    last = AccessEntry.objects.order_by("pk").last()
    writes: list[str] = []
    with factories.undone(), connection.execute_wrapper(collecting(writes)):
        address = address_of(world, route, whose)
        if method == "GET":
            response = browser.get(address)
        else:
            response = browser.post(address, payload(world, route, whose))
        answer = Answer(
            person,
            method,
            route,
            whose,
            response.status_code,
            text_of(response),
            told_apart_by(response),
            bool(writes) and snapshot() != before,
            tuple(AccessEntry.objects.filter(pk__gt=last.pk if last else 0)),
            {pk: owner for owner, pk in world.clients.items()},
        )
    give_cookies(browser, cookies)
    return answer


def cookies_of(browser: Browser) -> dict[str, str]:
    return {name: morsel.value for name, morsel in browser.cookies.items()}


def give_cookies(browser: Browser, cookies: dict[str, str]) -> None:
    browser.cookies.clear()
    for name, value in cookies.items():
        browser.cookies[name] = value


def collecting(writes: list[str]) -> Any:
    """Note every statement that is not a read, so that rows are compared only when needed."""
    reads = ("SELECT", "SAVEPOINT", "RELEASE", "ROLLBACK")
    log = 'INSERT INTO "alliance_sessions_accessentry"'

    def wrapper(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.lstrip().startswith((*reads, log)):
            writes.append(sql)
        return execute(sql, params, many, context)

    return wrapper


def address_of(world: World, route: str, whose: str) -> str:
    if route == "account_reset_password_from_key":
        return reverse(route, args=["1", "set-password"])
    if route == "code":
        return reverse(route, args=["bcd"])
    if route == "kiosk_pair":
        return reverse(route, args=["AAAAAAAAAAAAAAAAAAAAAA"])
    return reverse(route, args=[world.things[whose][NAMES[route]]] if route in NAMES else [])


def payload(world: World, route: str, whose: str) -> dict[str, Any]:
    """What a person would send, so that only the rules stand between it and the rows."""
    score = {"respect": "7", "understanding": "6", "goals": "5"}
    return {
        "client_edit": {**factories.CLIENT_FORM, "name": "Changed"},
        "episode_open": {"code": "NEW-1", "language": "en", "answers_with": "buttons"},
        "episode_close": {"reason": "completed"},
        "episode_pause": {"reason": "detox", "from_on": "2026-11-18", "expected_on": "2026-11-30"},
        "session_schedule": {
            "episode": world.things.get(whose, {}).get("episode", ""),
            "starts_at": "2026-11-20T10:00",
            "mode": "in_person",
        },
        "session_log": score
        | {
            "status": "held",
            "mode": "in_person",
            "starts_at": "2026-11-18T10:00",
            "version": "1",
            "rating_uuid": str(uuid.uuid4()),
        },
        "devices": {"name": "Waiting room"},
        "rating_link": {"channel": "link"},
        "rate_form": score | {"step": "send"},
        "rate_decline": {"sure": "yes"},
        "slip_entry": score
        | {"what": "answers", "given_on": "2026-11-18", "rating_uuid": str(uuid.uuid4())},
        "settings": {
            "name": "Oak",
            "sender_name": "Oak",
            "phone": "1",
            "time_zone": "America/Chicago",
            "language": "en",
            "sensitivity": "high",
            "request_days": "5",
            **factories.MESSAGE_SETTINGS,
            "answers_with": "slider",
        },
    }.get(route, {})


def text_of(response: Any) -> str:
    headers = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
    return f"{headers}\n{response.cookies.output()}\n{response.content.decode()}"


def told_apart_by(response: Any) -> bytes:
    """Everything an answer says, so that two can be compared to the byte."""
    headers = sorted(response.headers.items())
    return repr((response.status_code, headers, response.content)).encode()


def snapshot() -> list[Any]:
    """Every row of every table, but for the access log and the web sessions."""
    left_out = {AccessEntry, WebSession}
    return [
        [model.__name__, sorted(map(repr, map(plain, model._default_manager.values_list())))]
        for model in apps.get_models()
        if model not in left_out
    ]


def plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(bytes(value) if isinstance(value, memoryview) else value for value in row)


ANSWERS: dict[str, list[Answer]] = {}


@pytest.fixture(params=PEOPLE)
def person(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def answers(person: str, world: World) -> list[Answer]:
    """One sweep a person, asked many questions."""
    if person not in ANSWERS:
        ANSWERS[person] = sweep(world, person)
    return ANSWERS[person]


# ---- the checkers; each is shown to find something, further down ----


def wrong_statuses(answers: Iterable[Answer]) -> list[str]:
    return [
        f"{answer}, but the table says {expected}"
        for answer in answers
        if answer.status != (expected := expected_of(answer))
    ]


def expected_of(answer: Answer) -> int:
    return TABLES[answer.method][answer.route, answer.whose][answer.person]


def is_refused(answer: Answer) -> bool:
    """Refused by the table: a stranger's redirect to the log-in, or a 403, 404 or 405."""
    stranger = answer.person in {"anon", "off", "link", "else"} and (
        answer.route not in WITHOUT_LOG_IN
    )
    return stranger or expected_of(answer) in {403, 404, 405}


def refused_but_changed(answers: Iterable[Answer]) -> list[str]:
    return [f"{each} changed a row" for each in answers if is_refused(each) and each.changed]


def read_but_changed(answers: Iterable[Answer]) -> list[str]:
    return [f"{each} changed a row" for each in answers if each.method == "GET" and each.changed]


def told_apart(answers: Iterable[Answer]) -> list[str]:
    """Refusals by which somebody could tell what exists from what never did."""
    answers = list(answers)
    never = {(each.method, each.route): each for each in answers if each.whose == "never"}
    return [
        f"{each} differs from what never existed"
        for each in answers
        if each.status == 404 and each.whose in OBJECTS
        if each.bytes_ != never[each.method, each.route].bytes_
    ]


def secrets(text: str) -> set[tuple[str, str]]:
    """(kind, owner) of every canary in a text."""
    words = {tuple(found) for found in re.findall(r"kn-([a-z]+)-([a-z]+)", text)}
    numbers = {("answers", owner) for owner, score in SCORES.items() if has_number(text, score)}
    blind = has_number(text, BLIND_SCORE) or "Push me less" in text.partition("change_wish")[0]
    return words | numbers | ({("blind", "alice")} if blind else set())


def has_number(text: str, score: float) -> bool:
    return re.search(rf"(?<![\d.]){re.escape(str(score))}(?!\d)", text) is not None


def leaks(answers: Iterable[Answer]) -> list[str]:
    return [
        f"{each} gave away the {kind} of {owner}"
        for each in answers
        for kind, owner in sorted(secrets(each.text))
        if kind not in MAY_READ.get(each.person, {}).get(owner, set())
    ]


def answer_words(answers: Iterable[Answer]) -> list[str]:
    return [f"{each}: {word!r}" for each in answers for word in ANSWER_WORDS if word in each.text]


def badly_logged(answers: Iterable[Answer]) -> list[str]:
    return [f"{each}: {problem}" for each in answers for problem in log_problems(each)]


def log_problems(answer: Answer) -> Iterator[str]:
    """One entry a request of the staff's, naming whoever's data went out."""
    named = {answer.owners.get(pk) for entry in answer.entries for pk in entry.clients}
    shown = {owner for _, owner in secrets(answer.text)} & set(answer.owners.values())
    if answer.route in LOGGED_WITHOUT_NAMES and named:
        yield f"the log tells that {sorted(map(str, named))} asked for a call"
    elif answer.status == 200 and shown - named and answer.route not in LOGGED_WITHOUT_NAMES:
        yield f"showed {sorted(shown - named)}, and the log does not say so"
    if len(answer.entries) > 1:
        yield "more than one entry"
    if not answer.entries:
        if answer.person in STAFF and answer.route not in WITHOUT_ENTRY:
            yield "no entry"
        return
    entry = answer.entries[0]
    if (entry.route, entry.method, entry.status) != (answer.route, answer.method, answer.status):
        yield f"the entry says {entry}"


# ---- the tables hold ----


@pytest.mark.parametrize("method", TABLES)
def test_every_address_has_a_row_in_the_table(method: str) -> None:
    problems = list(sayings(set(TABLES[method])))
    assert not problems, "\n".join(problems)


def test_an_address_without_a_row_is_named_in_a_sentence() -> None:
    rows = {row for row in TABLES["GET"] if row[0] != "caseload" and row != ("episode", "eve")}
    assert list(sayings(rows)) == [
        "The address 'caseload' has no row: write down by hand who may use it.",
        "The address 'episode' has no row for eve.",
    ]


def test_the_policy_has_a_row_for_every_address_and_no_other() -> None:
    assert POLICY.routes() == {pattern.name for pattern in addresses()}


def test_only_the_listed_addresses_answer_without_a_log_in() -> None:
    exempt = {p.name for p in addresses() if not getattr(p.callback, "login_required", True)}
    assert exempt == WITHOUT_LOG_IN


def test_only_the_listed_addresses_answer_outside_the_transaction() -> None:
    apart = {p.name for p in addresses() if getattr(p.callback, "without_transaction", False)}
    assert apart == WITHOUT_ENTRY


def test_everybody_gets_the_answer_the_table_says(answers: list[Answer]) -> None:
    problems = wrong_statuses(answers)
    assert not problems, "\n".join(problems)


def test_not_yours_and_never_existing_are_the_same_to_the_byte(answers: list[Answer]) -> None:
    problems = told_apart(answers)
    assert not problems, "\n".join(problems)


def test_a_refused_write_leaves_every_row_as_it_was(answers: list[Answer]) -> None:
    problems = refused_but_changed(answers)
    assert not problems, "\n".join(problems)


def test_reading_changes_no_row_but_the_access_log(answers: list[Answer]) -> None:
    problems = read_but_changed(answers)
    assert not problems, "\n".join(problems)


def test_accepted_writes_do_change_rows(world: World) -> None:
    """The control of the two tests above."""
    routes = (
        "client_edit",
        "episode_close",
        "episode_pause",
        "session_log",
        "session_waive",
        "session_schedule",
    )
    written = sweep(world, "alice", routes, ["alice"], ["POST"])
    assert len(written) == len(routes)
    assert all(answer.changed for answer in written)


# ---- nothing leaves that must not ----


def test_nobody_gets_a_string_that_is_not_for_them(person: str, answers: list[Answer]) -> None:
    assert not (found := leaks(answers)), "\n".join(found)
    seen = {f"{kind} {owner}" for each in answers for kind, owner in secrets(each.text)}
    assert seen >= MUST_FIND.get(person, set())


@pytest.mark.parametrize("person", ["ada", "finn", "dana", "root"], indirect=False)
def test_who_is_no_counselor_reads_no_word_about_answers(person: str, world: World) -> None:
    words = answer_words(sweep(world, person, whose=["-", "alice"]))
    assert not words, "\n".join(words)


def test_pages_about_answers_do_have_those_words(world: World) -> None:
    """The control of the test above."""
    found = " ".join(answer_words(sweep(world, "alice", whose=["-", "alice"], methods=["GET"])))
    assert [word for word in ANSWER_WORDS if repr(word) not in found] == []


def test_asking_for_more_in_the_address_shows_no_more(world: World) -> None:
    bobs = world.cast.bob.uuid
    asked = {
        "sam": f"{reverse('supervision')}?counselor={bobs}",
        "alice": f"{reverse('caseload')}?show=closed&q=kn",
        "bob": f"{reverse('caseload')}?q=alice",
        "finn": f"{reverse('day')}?counselor={bobs}",
    }
    for person, address in asked.items():
        text = text_of(world.browsers[person].get(address))
        owners = {owner for _, owner in secrets(text)}
        assert owners <= set(MAY_READ[person]), (person, owners)


def test_a_form_takes_no_row_of_somebody_else(world: World) -> None:
    stolen = payload(world, "session_schedule", "bob")
    sessions_before = Session.objects.count()
    response = world.browsers["alice"].post(address_of(world, "session_schedule", "alice"), stolen)
    assert response.status_code == 200
    assert "Choose one of the counselors listed." in response.content.decode()
    assert Session.objects.count() == sessions_before


def client_tables() -> list[type[models.Model]]:
    """Every table of ours that tells of clients: all but those listed."""
    others = {"organization", "user", "membership", "supervision", "accessentry", "instrument",
              "instrumentversion", "parameterset", "tries", "device"}  # fmt: skip
    ours = [*apps.get_app_config("alliance_sessions").get_models()]
    ours += apps.get_app_config("measures").get_models()
    return [model for model in ours if model._meta.model_name not in others]


def free_texts(model: type[models.Model]) -> list[str]:
    """Fields people write in: text without choices, but for what machines write."""
    machine = {"language", "key_id", "engine", "parameters", "payload_hash", "token_hash"}
    machine |= {"stop_hash", "reference"}
    machine |= {"letters", "digits_hash", "tablet_hash", "slip_code"}
    return [
        each.name
        for each in model._meta.get_fields()
        if isinstance(each, models.CharField | models.TextField)
        and not each.choices
        and each.name not in machine
    ]


def test_every_text_field_of_a_client_holds_a_string_to_look_for(world: World) -> None:
    bare = [
        f"{model.__name__}.{name}"
        for model in client_tables()
        for name in free_texts(model)
        if not model._default_manager.filter(**{f"{name}__startswith": "kn-"}).exists()
    ]
    assert bare == [], "Give these a canary in take_on()."


def test_every_sealed_field_of_a_client_is_filled(world: World) -> None:
    empty = [
        f"{model.__name__}.{each.name}"
        for model in client_tables()
        for each in model._meta.get_fields()
        if each.name.startswith("sealed_")
        and not model._default_manager.filter(**{f"{each.name}__isnull": False}).exists()
    ]
    assert empty == []


# ---- the access log ----


def test_every_request_is_logged_with_those_whose_data_went_out(answers: list[Answer]) -> None:
    problems = badly_logged(answers)
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize(
    ("person", "route", "owners"),
    [
        ("alice", "today", {"alice", "closed"}),  # whose note is a week old at most
        ("alice", "caseload", {"alice", "cast"}),
        ("alice", "session_pick", {"alice", "cast"}),
        ("sam", "supervision", {"alice", "cast"}),
        ("finn", "day", {"alice", "closed", "bob", "carl"}),
        ("finn", "messages", {"alice", "closed", "bob", "carl"}),
        ("alice", "messages", {"alice"}),
        ("ada", "settings", set()),
        ("alice", "about", set()),
    ],
)
def test_a_list_is_logged_with_everybody_on_it(
    world: World, person: str, route: str, owners: set[str]
) -> None:
    clients = world.clients | {"cast": world.cast.episode.client_id}
    world.browsers[person].get(reverse(route))
    entry = AccessEntry.objects.get(route=route)
    assert set(entry.clients) == {clients[owner] for owner in owners}
    assert entry.membership == getattr(world.cast, person)
    assert entry.user_id == getattr(world.cast, person).user_id
    assert entry.organization_id == world.cast.here.pk


def test_who_waits_for_a_talk_is_logged_whosever_caseload_is_shown(world: World) -> None:
    cast = world.cast
    factories.supervise(cast.sam, cast.bob, cast.today)
    text = world.browsers["sam"].get(reverse("supervision")).content.decode()
    assert canary("code", "bob") in text  # among the talks, while alice's caseload is shown
    entry = AccessEntry.objects.get(route="supervision")
    assert {world.clients["alice"], world.clients["bob"]} <= set(entry.clients)


@pytest.mark.parametrize(
    ("person", "whose", "status"), [("bob", "alice", 404), ("alice", "closed", 403)]
)
def test_a_refusal_is_logged(world: World, person: str, whose: str, status: int) -> None:
    world.browsers[person].post(address_of(world, "session_waive", whose))
    entry = AccessEntry.objects.get(route="session_waive")
    assert (entry.status, entry.membership) == (status, getattr(world.cast, person))


def test_who_comes_by_a_link_is_logged_without_a_name(world: World) -> None:
    world.browsers["link"].get(address_of(world, "rate_form", "alice"))
    entry = AccessEntry.objects.get(route="rate_form")
    assert (entry.user, entry.membership) == (None, None)
    assert entry.organization_id == world.cast.here.pk
    assert entry.clients == [world.clients["alice"]]


@pytest.mark.parametrize(
    ("person", "route", "method"),
    [
        ("alice", "episode", "GET"),
        ("alice", "caseload", "GET"),
        ("alice", "session_waive", "POST"),
        ("alice", "session_log", "POST"),
        ("finn", "client", "GET"),
        ("link", "rate_form", "POST"),
        ("bob", "episode", "GET"),
    ],
)
def test_a_page_whose_entry_cannot_be_written_is_not_sent(
    world: World, monkeypatch: pytest.MonkeyPatch, person: str, route: str, method: str
) -> None:
    def full(**values: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(AccessEntry.objects, "create", full)
    whose = "alice" if route in NAMES else "-"
    answer = visit(world, person, method, route, whose, before=snapshot())
    assert answer.status == 500
    assert secrets(answer.text) == set()
    assert not answer.changed


# ---- rights are read anew with every request ----


def status_of(world: World, person: str, route: str, whose: str = "alice") -> int:
    address = address_of(world, route, whose if route in NAMES else "-")
    return int(world.browsers[person].get(address).status_code)


def test_a_role_taken_away_is_gone_with_the_next_request(world: World) -> None:
    assert status_of(world, "alice", "episode") == 200
    Membership.objects.filter(pk=world.cast.alice.pk).update(counselor=False, front_desk=True)
    assert status_of(world, "alice", "episode") == 404
    assert status_of(world, "alice", "today") == 404
    assert status_of(world, "alice", "day") == 200


def test_a_role_given_works_with_the_next_request(world: World) -> None:
    assert status_of(world, "ada", "caseload") == 404
    Membership.objects.filter(pk=world.cast.ada.pk).update(counselor=True)
    assert status_of(world, "ada", "caseload") == 200


def test_a_membership_that_ended_opens_nothing_with_the_next_request(world: World) -> None:
    yesterday = world.cast.today - dt.timedelta(days=1)
    assert status_of(world, "alice", "episode") == 200
    Membership.objects.filter(pk=world.cast.alice.pk).update(ended_on=yesterday)
    assert status_of(world, "alice", "episode") == 404
    assert status_of(world, "alice", "home") == 403


def test_a_membership_lasts_until_its_last_day_ends(world: World) -> None:
    Membership.objects.filter(pk=world.cast.alice.pk).update(ended_on=world.cast.today)
    assert status_of(world, "alice", "episode") == 200


def test_a_membership_of_one_day_counts_on_that_day(world: World) -> None:
    """Somebody who helps out for a day."""
    today = world.cast.today
    Membership.objects.filter(pk=world.cast.alice.pk).update(started_on=today, ended_on=today)
    assert status_of(world, "alice", "episode") == 200


def test_a_membership_that_begins_tomorrow_opens_nothing_today(world: World) -> None:
    tomorrow = world.cast.today + dt.timedelta(days=1)
    Membership.objects.filter(pk=world.cast.alice.pk).update(started_on=tomorrow)
    assert status_of(world, "alice", "episode") == 404


def test_a_disabled_log_in_opens_nothing_with_the_next_request(world: World) -> None:
    assert status_of(world, "alice", "episode") == 200
    User.objects.filter(pk=world.cast.alice.user_id).update(is_active=False)
    assert status_of(world, "alice", "episode") == 302


def test_a_supervision_that_ended_opens_nothing_with_the_next_request(world: World) -> None:
    assert status_of(world, "sam", "episode") == 200
    yesterday = world.cast.today - dt.timedelta(days=1)
    world.cast.sam.supervisions_given.update(ended_on=yesterday)
    assert status_of(world, "sam", "episode") == 404
    assert "kn-" not in world.browsers["sam"].get(reverse("supervision")).content.decode()


def test_another_member_chosen_in_the_web_session_gives_no_rights(world: World) -> None:
    browser = world.browsers["bob"]
    web_session = browser.session
    web_session["membership"] = str(world.cast.alice.uuid)
    web_session.save()
    assert status_of(world, "bob", "episode") == 404
    assert status_of(world, "bob", "episode", "bob") == 200


def cover(world: World, from_in: int, to_in: int) -> Cover:
    """Bob stands in for alice, from a day to a day, counted from today."""
    day = world.cast.today
    return Cover.objects.create(
        organization=world.cast.here,
        member=world.cast.alice,
        stands_in=world.cast.bob,
        from_on=day + dt.timedelta(days=from_in),
        to_on=day + dt.timedelta(days=to_in),
    )


@pytest.mark.parametrize(("from_in", "to_in"), [(0, 0), (-7, 0), (0, 7)])
def test_who_stands_in_today_sees_and_may_log(world: World, from_in: int, to_in: int) -> None:
    cover(world, from_in, to_in)
    assert status_of(world, "bob", "episode") == 200
    caseload = world.browsers["bob"].get(reverse("caseload")).content.decode()
    assert canary("code", "alice") in caseload
    logged = visit(world, "bob", "POST", "session_log", "alice", before=snapshot())
    assert (logged.status, logged.changed) == (302, True)


@pytest.mark.parametrize(("from_in", "to_in"), [(-7, -1), (1, 7)])
def test_who_stood_in_until_yesterday_or_will_from_tomorrow_sees_nothing(
    world: World, from_in: int, to_in: int
) -> None:
    cover(world, from_in, to_in)
    assert status_of(world, "bob", "episode") == 404
    answers = sweep(world, "bob", whose=["-", "alice"])
    assert wrong_statuses(answers) + leaks(answers) == []


def test_a_cover_that_ends_is_over_with_the_next_request(world: World) -> None:
    row = cover(world, -7, 7)
    assert status_of(world, "bob", "episode") == 200
    row.to_on = world.cast.today - dt.timedelta(days=1)
    row.save(update_fields=["to_on"])
    assert status_of(world, "bob", "episode") == 404


def test_standing_in_gives_nothing_to_who_is_no_counselor(world: World) -> None:
    row = cover(world, 0, 0)
    row.stands_in = world.cast.ada
    row.save(update_fields=["stands_in"])
    assert status_of(world, "ada", "episode") == 404


def test_standing_in_reaches_no_other_organization(world: World) -> None:
    row = cover(world, 0, 0)
    row.stands_in = world.cast.eve
    row.save(update_fields=["stands_in"])
    assert status_of(world, "eve", "episode") == 404
    assert leaks(sweep(world, "eve", whose=["-", "alice"], methods=["GET"])) == []


def test_a_superuser_on_the_staff_has_the_rights_of_the_membership_only(world: World) -> None:
    User.objects.filter(pk=world.cast.ada.user_id).update(is_superuser=True, is_staff=True)
    answers = sweep(world, "ada", whose=["-", "alice"])
    assert wrong_statuses(answers) == []
    assert leaks(answers) == []


def test_a_link_of_one_request_does_not_open_another_when_both_were_followed(world: World) -> None:
    """The test browser sends every cookie everywhere, which no real one does."""
    browser = world.browsers["link"]
    assert browser.get(address_of(world, "rate_form", "alice")).status_code == 200
    browser.get(address_of(world, "rate", "bob"))
    assert browser.get(address_of(world, "rate_form", "alice")).status_code == 404


def test_a_withdrawn_request_is_closed_with_the_next_request(world: World) -> None:
    assert status_of(world, "link", "rate_form") == 200
    link = RatingLink.objects.get(request__uuid=world.things["alice"]["request"])
    link.request.withdrawn_at = world.cast.now
    link.request.save(update_fields=["withdrawn_at"])
    assert status_of(world, "link", "rate_form") == 404


# ---- mutants: every zero above has a control that is not zero ----


SHOWING = ("client", "client_edit", "episode", "episode_close", "caseload", "day", "session_pick")


def everything(self: models.QuerySet[Any], viewer: Any) -> models.QuerySet[Any]:
    return self.all()


@pytest.mark.parametrize(
    ("rows", "rule", "person"),
    [
        (ClientQuerySet, "visible_to", "finn"),
        (ClientQuerySet, "visible_to", "bob"),
        (ClientQuerySet, "editable_by", "alice"),
        (EpisodeQuerySet, "clinical_to", "bob"),
        (EpisodeQuerySet, "clinical_to", "sam"),
        (EpisodeQuerySet, "editable_by", "alice"),
        (EpisodeQuerySet, "editable_by", "eve"),
    ],
)
def test_a_rule_that_gives_everything_is_found(
    world: World, monkeypatch: pytest.MonkeyPatch, rows: Any, rule: str, person: str
) -> None:
    monkeypatch.setattr(rows, rule, everything)
    answers = sweep(world, person, SHOWING, methods=["GET"])
    assert leaks(answers) + wrong_statuses(answers)


@pytest.mark.parametrize(
    ("rule", "person", "kind"), [("open_to", "alice", "blind"), ("notes_to", "sam", "note")]
)
def test_answers_and_notes_without_their_own_rule_are_found(
    world: World, monkeypatch: pytest.MonkeyPatch, rule: str, person: str, kind: str
) -> None:
    monkeypatch.setattr(RatingQuerySet, rule, RatingQuerySet.clinical_to)
    found = leaks(sweep(world, person, ["today", "caseload", "episode"], methods=["GET"]))
    assert any(f"gave away the {kind} of alice" in leak for leak in found)


def test_a_policy_that_is_not_enforced_is_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Policy, "methods_for", lambda self, route, viewer: READ | WRITE)
    for person in ("root", "carl", "dana", "ada", "finn", "sam", "bob"):
        assert wrong_statuses(sweep(world, person, ["caseload", "settings"])), person


ROLES = {
    Actor.COUNSELOR: "alice",
    Actor.SUPERVISOR: "sam",
    Actor.ADMINISTRATOR: "ada",
    Actor.FRONT_DESK: "finn",
    Actor.RIGHTS_CONTACT: "dana",
}
# Here the rule for rows alone says 404 as well, so that opening the page changes nothing.
TWO_WALLS = {
    ("hand_over", Actor.ADMINISTRATOR),
    ("hand_over", Actor.RIGHTS_CONTACT),
    ("session_answers", Actor.RIGHTS_CONTACT),
    ("session_answers", Actor.ADMINISTRATOR),
    ("session_answers", Actor.FRONT_DESK),
    ("client_edit", Actor.ADMINISTRATOR),
    ("episode_close", Actor.ADMINISTRATOR),
    ("episode_pause", Actor.ADMINISTRATOR),
    ("episode_pause", Actor.FRONT_DESK),
    ("episode_pause", Actor.RIGHTS_CONTACT),
    ("episode_reopen", Actor.ADMINISTRATOR),
    ("episode_reopen", Actor.FRONT_DESK),
    ("episode_reopen", Actor.RIGHTS_CONTACT),
    ("episode_close", Actor.FRONT_DESK),
    ("session_schedule", Actor.ADMINISTRATOR),
    ("session_log", Actor.ADMINISTRATOR),
    ("client_edit", Actor.RIGHTS_CONTACT),
    ("episode_close", Actor.RIGHTS_CONTACT),
    ("session_schedule", Actor.RIGHTS_CONTACT),
    ("session_log", Actor.RIGHTS_CONTACT),
    ("slip_entry", Actor.ADMINISTRATOR),
    ("slip_entry", Actor.RIGHTS_CONTACT),
    ("slip_entry", Actor.SUPERVISOR),
}
CELLS = [
    (row.route, actor)
    for row in POLICY.rows
    for actor in ROLES
    if not row.actors & {Actor.ANYONE, Actor.LINK_HOLDER} and (row.route, actor) not in TWO_WALLS
]


@pytest.mark.parametrize(("route", "actor"), CELLS)
def test_every_flipped_cell_of_the_policy_is_found(
    world: World, monkeypatch: pytest.MonkeyPatch, route: str, actor: Actor
) -> None:
    real = Policy.methods_for
    person = ROLES[actor]

    def flipped(policy: Policy, asked: str, viewer: Any) -> set[str]:
        methods = real(policy, asked, viewer)
        if asked != route:
            return methods
        return set() if methods else set(READ | WRITE)

    monkeypatch.setattr(Policy, "methods_for", flipped)
    assert wrong_statuses(sweep(world, person, [route], ["-", "alice"]))


def test_a_refusal_that_tells_what_exists_is_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def telling(request: Any, queryset: Any, lookup: dict[str, Any]) -> Any:
        row = queryset.filter(**lookup).first()
        if row is None and queryset.model._default_manager.filter(**lookup).exists():
            raise PermissionDenied
        if row is None:
            raise Http404
        return row

    monkeypatch.setattr(sessions.access, "_get", telling)
    assert wrong_statuses(sweep(world, "bob", ["episode"]))


def test_pages_that_differ_by_a_word_are_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    [real] = sweep(world, "bob", ["episode"], ["never"], ["GET"])
    [other] = sweep(world, "bob", ["episode"], ["alice"], ["GET"])
    assert told_apart([real, other]) == []
    changed = Answer(**{**vars(other), "bytes_": other.bytes_ + b" "})
    assert told_apart([real, changed])


def test_a_refusal_that_writes_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(request: Any, status: int) -> None:
        Client.objects.update(language="xx")

    monkeypatch.setattr(alliance_site.transactions, "_log_refusal", write)
    assert refused_but_changed(sweep(world, "bob", ["episode_close"], ["alice"], ["POST"]))


def test_a_page_that_writes_while_reading_is_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(request: Any, status: int) -> None:
        Client.objects.update(language="xx")

    monkeypatch.setattr(alliance_site.transactions, "_log", write)
    answers = sweep(world, "alice", ["episode"], ["alice"], ["GET"])
    assert read_but_changed(answers)
    assert badly_logged(answers)


def test_a_client_left_out_of_the_entry_is_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions.access, "note_seen", lambda request, ids: None)
    assert badly_logged(sweep(world, "alice", ["episode"], ["alice"], ["GET"]))
