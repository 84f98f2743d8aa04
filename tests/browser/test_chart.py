"""Plotly keeps to itself: nothing injected, nothing sent, and the same said in words."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, expect

from measures.insight.sentences import NOTHING
from sessions.models import Session
from tests.browser.conftest import LogIn
from tests.browser.walking import PHONE, column, drawn
from tests.factories import make_course

pytestmark = pytest.mark.django_db(transaction=True)

VENDOR = Path(settings.BASE_DIR) / "static" / "vendor" / "plotly"
RULES = "(style) => [...style.sheet.cssRules].map((rule) => rule.cssText)"


@pytest.fixture
def page(page_of: LogIn, flagged: Session, cast: SimpleNamespace) -> Page:
    page = page_of(cast.alice)
    page.goto(f"/episodes/{cast.episode.uuid}/")
    drawn(page)
    return page


def test_the_mode_bar_saves_and_resets_and_shares_nothing(page: Page) -> None:
    page.locator("#trend-chart").hover()
    buttons = page.locator(".modebar-btn")
    expect(buttons).to_have_count(2)
    titles = buttons.evaluate_all("(all) => all.map((each) => each.dataset.title)")
    assert titles == ["Save the chart as a picture", "Show all sessions"]
    html = page.locator("#trend-chart").inner_html().lower()
    for word in ("share", "cloud", "plot.ly", "plotly.com", "<a "):
        assert word not in html
    with page.expect_download() as download:
        buttons.first.click()
    assert download.value.suggested_filename == "trend.png"
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")
    expect(page.get_by_text("The picture was not saved.")).to_have_count(0)


def test_zooming_in_and_resetting_shows_all_sessions_again(page: Page) -> None:
    chart = page.locator("#trend-chart")
    shown = "document.getElementById('trend-chart')._fullLayout.xaxis.range"
    whole = page.evaluate(shown)
    box = chart.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + 100
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 150, y + 5, steps=5)
    page.mouse.up()
    page.wait_for_function(f"{shown}[0] > {whole[0]}")
    chart.hover()
    page.locator(".modebar-btn").last.click()
    page.wait_for_function(f"{shown}[0] === {whole[0]}")


def test_nothing_is_injected_and_the_vendored_styles_are_plotlys_own(
    page: Page, browser: Browser
) -> None:
    assert page.locator("style").count() == 0
    assert page.evaluate("document.adoptedStyleSheets.length") == 0

    permissive = browser.new_context().new_page()
    permissive.set_content("<!doctype html><div id=chart></div><style id=ours></style>")
    permissive.add_script_tag(path=VENDOR / "plotly-basic.min.js")
    permissive.evaluate("Plotly.newPlot('chart', [{y: [1, 2]}], {}, {displayModeBar: true})")
    injected = permissive.locator("style[id='plotly.js-style-global']").evaluate(RULES)
    css = (VENDOR / "plotly.css").read_text(encoding="utf-8")
    ours = permissive.locator("#ours")
    ours.evaluate("(style, css) => { style.textContent = css; }", css)
    assert len(injected) > 20
    assert ours.evaluate(RULES) == injected
    permissive.context.close()


def test_the_arrow_keys_write_the_sentence_of_each_session(page: Page) -> None:
    chart, readout = page.locator("#trend-chart"), page.locator("#trend-readout")
    chart.focus()
    page.keyboard.press("ArrowRight")
    expect(readout).to_have_text(re.compile(r"^Session 1, .* Client 9\.0\. Counselor 7\.0\.$"))
    page.keyboard.press("ArrowRight")
    expect(readout).to_have_text(re.compile(r"^Session 2, .* Client 9\.0"))
    page.keyboard.press("End")
    expect(readout).to_have_text(re.compile(r"^Session 8, .* Client 2\.7, usual .* Flag\.$"))
    expect(page.locator(".hoverlayer .hovertext")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(readout).to_have_text(re.compile(r"^Session 8, "))
    page.keyboard.press("ArrowLeft")
    expect(readout).to_have_text(re.compile(r"^Session 7, "))
    page.keyboard.press("Home")
    expect(readout).to_have_text(re.compile(r"^Session 1, "))


def test_the_colors_are_the_themes_in_both_schemes(page: Page) -> None:
    assert drawn(page)["color"] == "rgb(11, 86, 112)"
    page.emulate_media(color_scheme="dark")
    assert drawn(page)["color"] == "rgb(150, 220, 236)"
    page.emulate_media(color_scheme="light")
    assert drawn(page)["color"] == "rgb(11, 86, 112)"


def test_a_narrow_phone_gets_the_whole_chart(
    page_of: LogIn, flagged: Session, cast: SimpleNamespace
) -> None:
    phone = page_of(cast.alice, **PHONE, color_scheme="dark")
    phone.goto(f"/episodes/{cast.episode.uuid}/")
    seen = drawn(phone)
    assert seen["client"] == [9, 9, 8, 9, 9, 8, 9, 2.7]
    assert (seen["flags"], seen["bands"]) == ([2.7], 1)
    assert phone.locator(".modebar-btn").count() == 0
    expect(phone.locator("#trend-chart .main-svg").first).to_have_js_property(
        "clientWidth", phone.locator("#trend-chart").evaluate("(chart) => chart.clientWidth")
    )


def test_a_rating_that_is_not_given_or_not_open_has_no_point(
    page_of: LogIn, cast: SimpleNamespace
) -> None:
    make_course(cast.episode, [9, None, 8], cast.now, own=None)
    page = page_of(cast.alice)
    page.goto(f"/episodes/{cast.episode.uuid}/")
    # Yesterday's 8 stays closed until the counselor has rated or the next working day is over.
    seen = drawn(page)
    assert (seen["client"], seen["counselor"], seen["flags"]) == ([9], [], [])
    assert column(page, "Client") == ["9.0", NOTHING, NOTHING]


def test_without_script_the_table_stands_open_in_place_of_the_chart(
    page_of: LogIn, flagged: Session, cast: SimpleNamespace
) -> None:
    page = page_of(cast.alice, java_script_enabled=False)
    page.goto(f"/episodes/{cast.episode.uuid}/")
    expect(page.locator("#trend-chart")).to_be_hidden()
    expect(page.get_by_role("cell", name="2.7")).to_be_visible()


def test_on_paper_the_table_stands_open(page: Page) -> None:
    expect(page.locator("details.fold table")).to_be_hidden()
    page.evaluate(
        """() => addEventListener("beforeprint", () => {
          window.onPaper = document.querySelector("details.fold").open
            && document.documentElement.dataset.bsTheme === "light";
        })"""
    )
    pdf = page.pdf()
    assert pdf.startswith(b"%PDF")
    assert page.evaluate("window.onPaper") is True
    expect(page.locator("details.fold table")).to_be_hidden()
