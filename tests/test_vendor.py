"""What other people wrote is whole, licensed and fits what we run; the theme agrees with itself."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest
from plotly.offline import get_plotlyjs_version

STATIC = Path(__file__).resolve().parent.parent / "static"
VENDOR = STATIC / "vendor"
PACKAGES = json.loads((VENDOR / "manifest.json").read_text())["packages"]
FOLDERS = {package["folder"]: package for package in PACKAGES}
LISTED = [VENDOR / folder / name for folder in FOLDERS for name in FOLDERS[folder]["files"]]
THEME = (STATIC / "css" / "theme.css").read_text()
SCRIPT = (STATIC / "js" / "trend-chart.js").read_text()


def readable_name(path: Path) -> str:
    return str(path.relative_to(VENDOR))


@pytest.mark.parametrize("path", LISTED, ids=readable_name)
def test_a_vendored_file_is_what_the_manifest_says(path):
    expected = FOLDERS[path.parent.name]["files"][path.name]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == expected


def test_every_vendored_file_is_listed():
    present = {path for path in VENDOR.rglob("*") if path.is_file()}
    assert present == {*LISTED, VENDOR / "manifest.json", VENDOR / "README.md"}


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_licence_lies_beside_what_it_covers(folder):
    package = FOLDERS[folder]
    text = (VENDOR / folder / package["license_file"]).read_text()
    assert package["license"] in {"MIT", "Bitstream Vera"}
    assert "Permission is hereby granted, free of charge" in text


def test_plotly_in_the_browser_matches_plotly_on_the_server():
    version = get_plotlyjs_version()
    assert FOLDERS["plotly"]["version"] == version
    banner = (VENDOR / "plotly" / "plotly-basic.min.js").read_text()[:300]
    assert f"plotly.js (basic - minified) v{version}\n" in banner
    assert f"plotly.js {version} " in (VENDOR / "plotly" / "plotly.css").read_text()[:200]


def test_the_style_sheets_have_their_versions():
    version = FOLDERS["bootstrap"]["version"]
    for name in ("bootstrap.min.css", "bootstrap.rtl.min.css"):
        assert f"v{version} " in (VENDOR / "bootstrap" / name).read_text()[:300]


def test_nothing_points_at_a_source_map():
    """The static manifest would look for the map and fail."""
    sources = [path for path in STATIC.rglob("*") if path.suffix in {".css", ".js"}]
    assert sources
    assert not [path for path in sources if "sourceMappingURL" in path.read_text()]


def test_no_style_sheet_loads_anything_from_elsewhere():
    for path in STATIC.rglob("*.css"):
        for target in re.findall(r"url\(\s*[\"']?([^\"')]{0,20})", path.read_text()):
            assert target.startswith("data:"), f"{path.name}: {target}"


def test_the_dark_tokens_stand_twice_and_are_equal():
    system = re.search(r':root:not\(\[data-bs-theme="light"\]\) \{([^}]+--wa-paper[^}]+)\}', THEME)
    chosen = re.search(r'\n  \[data-bs-theme="dark"\] \{([^}]+--wa-paper[^}]+)\}', THEME)
    assert system
    assert chosen
    assert declarations(system[1]) == declarations(chosen[1])
    assert len(declarations(chosen[1])) > 25


def test_every_dark_token_has_a_light_one():
    light = re.search(r"\n:root \{([^}]+--wa-paper[^}]+)\}", THEME)
    dark = re.search(r'\n  \[data-bs-theme="dark"\] \{([^}]+)\}', THEME)
    assert light
    assert dark
    assert declarations(dark[1]).keys() <= declarations(light[1]).keys()


def test_the_chart_uses_only_colors_the_theme_has():
    used = set(re.findall(r'(?:color\(|(?:fill|line|marker|rim): )"([a-z0-9-]+)"', SCRIPT))
    assert used >= {"c-client", "c-flag", "ink-2", "paper"}
    for name in used:
        assert f"--wa-{name}:" in THEME


def test_the_chart_offers_no_button_that_sends_data_away():
    assert "showSendToCloud: false" in SCRIPT
    assert 'plotlyServerURL: ""' in SCRIPT
    assert 'modeBarButtons: [["toImage", "resetScale2d"]]' in SCRIPT


def declarations(block: str) -> dict[str, str]:
    """Read ``name: value;`` pairs out of a CSS block."""
    pairs = (item.split(":", 1) for item in block.split(";") if ":" in item)
    return {name.strip(): value.strip() for name, value in pairs}
