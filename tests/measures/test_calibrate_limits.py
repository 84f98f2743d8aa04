"""The command that works out again what the engine is shipped with."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from measures.management.commands import calibrate_limits
from measures.trend import PRESETS
from measures.trend.calibration import SHIPPED


@pytest.fixture
def presets(monkeypatch, tmp_path):
    """A presets file of the test's own, and the text the engine is held to give."""
    path = tmp_path / "presets.json"
    path.write_text("as it was", encoding="utf-8")
    monkeypatch.setattr(calibrate_limits, "PRESETS", path)
    monkeypatch.setattr(calibrate_limits, "presets_as_text", lambda advance: "worked out")
    return path


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("calibrate_limits", *arguments, stdout=out)
    return out.getvalue()


def test_what_the_engine_gives_is_written_once(presets):
    assert "Written" in run()
    assert presets.read_text(encoding="utf-8") == "worked out"
    assert "what the engine gives" in run()


def test_a_check_writes_nothing_and_fails_with_what_to_do(presets):
    with pytest.raises(CommandError, match="Run calibrate_limits without --check"):
        run("--check")
    assert presets.read_text(encoding="utf-8") == "as it was"


def test_a_check_is_content_with_what_the_engine_gives(presets):
    presets.write_text("worked out", encoding="utf-8")
    assert "what the engine gives" in run("--check")


def test_a_file_that_cannot_be_written_is_named(presets, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(presets), "write_text", fail)
    with pytest.raises(CommandError, match="cannot be written: No space left on device"):
        run()


def test_what_is_shipped_is_what_the_presets_are_worked_out_for():
    assert set(PRESETS) == set(SHIPPED)
    for name, shipped in SHIPPED.items():
        assert PRESETS[name].version == shipped.version
        assert PRESETS[name].population == shipped.population
