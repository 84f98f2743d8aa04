"""The demo as somebody starts it: a command of its own, in a folder of its own."""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from alliance_site.demo.plan import GOALS, IN_SPANISH, KINDS, NOTES, plan

ROOT = Path(__file__).resolve().parent.parent
ZONE = ZoneInfo("America/Chicago")
MONDAY = dt.datetime(2026, 11, 23, 15, 0, tzinfo=dt.UTC)
SUNDAY = dt.datetime(2026, 11, 22, 15, 0, tzinfo=dt.UTC)


# So that every page has something true on it.
STORIES = {
    "on hold": "alliance_sessions_pause WHERE to_on IS NULL",
    "covers": "alliance_sessions_cover",
    "fair-use statements": "alliance_sessions_fairuse",
    "cases opened with a reason": "alliance_sessions_caseopening WHERE purpose <> ''",
    "group meetings": "alliance_sessions_groupmeeting",
    "things to do": "measures_action WHERE done_at IS NULL",
    "answers put right": "measures_rating WHERE outcome = 'withdrawn'",
    "clients handed on": "alliance_sessions_episode WHERE reason = 'transferred'",
    "words on earlier answers": "alliance_sessions_consent WHERE purpose = 'earlier'",
    "unread notes": (
        "measures_rating WHERE sealed_note IS NOT NULL"
        " AND id NOT IN (SELECT rating_id FROM measures_noteread)"
    ),
}


def run_demo(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command with nothing of the tests' own settings left in the environment."""
    own = {"SECRET_KEY", "ALLIANCE_MASTER_KEYS", "ALLOWED_HOSTS", "DJANGO_SETTINGS_MODULE"}
    clean = {name: value for name, value in os.environ.items() if name not in own}
    return subprocess.run(
        [sys.executable, "manage.py", "demo", *arguments],
        cwd=ROOT,
        env=clean | {"ALLIANCE_DEMO_FOLDER": str(folder)} | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def counts(folder: Path) -> dict[str, int]:
    tables = {
        "organizations": "alliance_sessions_organization",
        "clients": "alliance_sessions_client",
        "past sessions": (
            "alliance_sessions_session WHERE status IN ('held', 'missed') AND group_id IS NULL"
        ),
        "flags": "measures_flag",
        "waiting flags": "measures_flag WHERE state = 'new'",
        "slips": "measures_paperslip",
        "slips typed in": "measures_rating WHERE way_in = 'paper'",
        **STORIES,
    }
    connection = sqlite3.connect(folder / "demo.sqlite3")
    try:
        return {
            name: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608  names of our own
            for name, table in tables.items()
        }
    finally:
        connection.close()


def codes(folder: Path) -> list[str]:
    connection = sqlite3.connect(folder / "demo.sqlite3")
    try:
        rows = connection.execute("SELECT uuid FROM alliance_sessions_client ORDER BY uuid")
        return [row[0] for row in rows]
    finally:
        connection.close()


def enter_something(folder: Path) -> None:
    connection = sqlite3.connect(folder / "demo.sqlite3")
    with connection:
        connection.execute(
            "INSERT INTO alliance_sessions_accessentry"
            " (organization_id, at, route, method, status, clients)"
            " VALUES (1, '2026-01-01', 'session_log', 'POST', 302, '[]')"
        )
    connection.close()


@pytest.mark.sqlite_only
def test_the_demo_makes_its_world_once_a_day_and_keeps_what_was_entered(tmp_path: Path):
    first = run_demo(tmp_path, "--no-serve")
    assert first.returncode == 0, first.stderr
    made = counts(tmp_path)
    assert made["organizations"] == 2
    assert made["clients"] == 60
    assert made["past sessions"] == 900
    assert made["flags"] > made["waiting flags"] >= 3
    assert (made["slips"], made["slips typed in"]) == (2, 1)
    assert [name for name in STORIES if not made[name]] == []
    for said in ("http://localhost:8000/rate/", "maria@demo.example", "ben@demo.example"):
        assert said in first.stdout
    people = codes(tmp_path)

    run_demo(tmp_path, "--no-serve")
    assert codes(tmp_path) == people, "a second start keeps the data"

    made_on = tmp_path / "made_on"
    made_on.write_text("2020-01-01", encoding="utf-8")
    run_demo(tmp_path, "--no-serve")
    anew = codes(tmp_path)
    assert not set(anew) & set(people), "the next day it is made anew"
    people = anew

    made_on.write_text("2020-01-01", encoding="utf-8")
    enter_something(tmp_path)
    run_demo(tmp_path, "--no-serve")
    assert codes(tmp_path) == people, "what somebody entered outlives the day"


def test_the_demo_refuses_a_real_host_name(tmp_path: Path):
    refused = run_demo(tmp_path, "--no-serve", ALLOWED_HOSTS="clinic.example")
    assert refused.returncode != 0
    assert "runs on this computer only" in refused.stderr


def test_a_taken_port_is_said_before_any_data_are_made(tmp_path: Path):
    refused = run_demo(tmp_path, "--port", "1000000")
    assert refused.returncode != 0
    assert "Port 1000000 cannot be used" in refused.stderr
    assert not (tmp_path / "demo.sqlite3").exists()


@pytest.mark.parametrize("now", [MONDAY, SUNDAY], ids=["Monday", "Sunday"])
def test_the_plan_has_every_kind_of_course_and_900_sessions(now: dt.datetime):
    clients = plan(now, ZONE)
    assert len(clients) == 60
    assert sum(len(client.sessions) for client in clients) == 900
    kinds = Counter(client.kind for client in clients)
    assert set(kinds) == {kind.name for kind in KINDS}
    assert all(session.starts_at <= now for client in clients for session in client.sessions)
    today = now.astimezone(ZONE).date()
    assert any(client.next_at.astimezone(ZONE).date() == today for client in clients)


def test_the_same_day_gives_the_same_plan():
    assert plan(MONDAY, ZONE) == plan(MONDAY, ZONE)


def test_codes_are_unique():
    counted = Counter(client.code for client in plan(MONDAY, ZONE))
    assert max(counted.values()) == 1


def test_one_client_in_five_answers_in_spanish_and_writes_it():
    clients = plan(MONDAY, ZONE)
    spanish = [each for each in clients if each.language == "es"]
    assert len(spanish) == 12
    written = {each.goal for each in spanish} | {
        session.note for each in spanish for session in each.sessions
    }
    assert len(written) > 3
    assert written - {""} <= set(IN_SPANISH.values())
    assert {*GOALS, *NOTES} == IN_SPANISH.keys()
