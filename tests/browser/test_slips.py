"""Paper slips as they come out of a printer, and typed in at the front desk."""

import re
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from measures.capture.slip_codes import spaced
from measures.models import PaperSlip, Rater, Rating
from sessions.models import Client, Session
from tests.browser.conftest import LogIn, LookAt
from tests.browser.walking import TWO_FRAMES, Watch
from tests.factories import make_episode, make_member, make_session, supervise

pytestmark = pytest.mark.django_db(transaction=True)

MM = 96 / 25.4
MARGINS = (6, 12)  # above and below, at the sides
SHEETS = {"A4": (210, 297), "Letter": (215.9, 279.4)}
# What reaches beyond its slip, and how high the slip is.
MEASURE = """() => [...document.querySelectorAll(".slip")].map((slip) => {
  const box = slip.getBoundingClientRect();
  const out = [...slip.querySelectorAll("*")].filter((each) => {
    const inner = each.getBoundingClientRect();
    return inner.width > 0 && (inner.left < box.left - 1 || inner.right > box.right + 1
      || inner.top < box.top - 1 || inner.bottom > box.bottom + 1);
  });
  return { height: box.height, out: out.map((each) => each.outerHTML.slice(0, 100)) };
})"""


def slips_of(people: SimpleNamespace, languages: str) -> list[Session]:
    sessions = []
    for number, language in enumerate(languages.split()):
        episode = make_episode(people.alice, f"P-{number}", people.today)
        Client.objects.filter(pk=episode.client_id).update(language=language)
        sessions.append(make_session(episode, people.now))
    return sessions


def sheet_of(page: Page, sessions: list[Session]) -> None:
    """By the list, as people do."""
    page.goto("/slips/")
    for session in sessions:
        page.locator(f'[name="session"][value="{session.uuid}"]').check()
    page.get_by_role("button", name="Make the slips").click()
    expect(page.locator(".slip")).to_have_count(len(sessions))


def measured(page: Page, paper: str) -> list[dict[str, Any]]:
    """Every slip as wide as on that paper."""
    width, height = SHEETS[paper]
    page.emulate_media(media="print")
    page.set_viewport_size(
        {"width": int((width - 2 * MARGINS[1]) * MM), "height": int(height * MM)}
    )
    page.evaluate(TWO_FRAMES)
    found: list[dict[str, Any]] = page.evaluate(MEASURE)
    return found


def left_of(found: Locator) -> float:
    box = found.bounding_box()
    assert box is not None
    return box["x"]


def pages_of(page: Page, paper: str) -> int:
    printed = page.pdf(format=paper)
    return len(re.findall(rb"/Type\s*/Page\b", printed))


@pytest.mark.parametrize("paper", SHEETS)
def test_two_slips_fit_a_page_and_nothing_of_them_is_cut(
    page_of: LogIn, cast: SimpleNamespace, paper: str
) -> None:
    cast.here.crisis_text = "If you need help now, call or text 988. In danger, call 911."
    cast.here.crisis_text_es = (
        "Si necesita ayuda ahora, llame al 988 (oprima 2) o mande AYUDA al 988. En peligro: 911."
    )
    cast.here.save()
    page = page_of(cast.finn)
    sheet_of(page, slips_of(cast, "en es ar es es"))
    slips = measured(page, paper)
    half = (SHEETS[paper][1] - 2 * MARGINS[0]) / 2 * MM
    assert [slip for slip in slips if slip["out"] or slip["height"] > half] == []
    assert pages_of(page, paper) == 3


def test_a_slip_that_needs_more_room_goes_on_a_page_of_its_own(
    page_of: LogIn, cast: SimpleNamespace
) -> None:
    """Long names, many who supervise, and as much to say about whom to call as there can be."""
    cast.here.crisis_text = ("Call somebody at once. " * 20)[:300]
    cast.here.save()
    for number in range(6):
        name = f"Wilhelmina Featherstonehaugh the {number}th"
        supervise(make_member(cast.here, name, cast.today, supervisor=True), cast.alice, cast.today)
    page = page_of(cast.finn)
    sheet_of(page, slips_of(cast, "en es"))
    slips = measured(page, "Letter")
    half = (SHEETS["Letter"][1] - 2 * MARGINS[0]) / 2 * MM
    assert all(half < slip["height"] < 2 * half for slip in slips)
    assert [slip["out"] for slip in slips] == [[], []]
    assert pages_of(page, "Letter") == 2


def test_only_the_slips_are_printed_and_an_arabic_one_begins_at_the_right(
    page_of: LogIn, cast: SimpleNamespace
) -> None:
    page = page_of(cast.finn)
    sheet_of(page, slips_of(cast, "ar"))
    measured(page, "A4")
    for left_out in ("header.site", ".band-head", "table", "#print", ".foot"):
        expect(page.locator(left_out).first).to_be_hidden()
    slip = page.locator(".slip")
    expect(slip).to_have_css("direction", "rtl")
    circles = slip.locator(".slip-numbers").first.locator(".slip-circle")
    assert left_of(circles.nth(5)) < left_of(circles.nth(0))
    assert left_of(slip.locator(".slip-code")) < left_of(slip.locator(".slip-ask").first)
    expect(slip.locator(".slip-staff")).to_have_css("direction", "ltr")  # in the staff's language


def test_the_button_prints_and_stands_only_where_there_is_a_script(
    page_of: LogIn, cast: SimpleNamespace
) -> None:
    sessions = slips_of(cast, "en")
    page = page_of(cast.finn)
    page.add_init_script("window.print = () => { document.title = 'printed'; }")
    sheet_of(page, sessions)
    page.get_by_role("button", name="Print").click()
    expect(page).to_have_title("printed")
    plain = page_of(cast.finn, java_script_enabled=False)
    sheet_of(plain, sessions)
    expect(plain.locator("#print")).to_be_hidden()


def test_the_front_desk_prints_and_types_in_and_back_shows_nothing_of_it(
    *, page_of: LogIn, look_at: LookAt, watch: Watch, cast: SimpleNamespace
) -> None:
    [session] = slips_of(cast, "en")
    page = page_of(cast.finn)
    page.goto("/day/")
    page.get_by_role("link", name="Paper slips").click()
    page.wait_for_url("**/slips/**")
    look_at(page, "paper slips")
    sheet_of(page, [session])
    look_at(page, "the sheet of slips")
    page.get_by_role("link", name="Type in a slip").click()

    code = spaced(PaperSlip.objects.get().slip_code)
    field = page.get_by_label("Code of the slip")
    expect(field).to_be_focused()
    watch.expect_status("/slips/enter/", 422)
    page.keyboard.type(f"{code[:-1]}{'2' if code[-1] != '2' else '3'}")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("A sign of this code is wrong")
    look_at(page, "a mistyped code")
    field.fill(code.lower())
    page.keyboard.press("Enter")

    watch.expect_status(f"/sessions/{session.uuid}/slip/", 422)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Nothing is typed in yet.")).to_be_visible()
    look_at(page, "a slip to type in, empty")
    page.goto(f"/sessions/{session.uuid}/slip/")  # a page that Back may ask for again
    for question, number in (("respect", 3), ("understanding", 2), ("goals", 1)):
        page.locator(f'label[for="{question}-{number}"]').click()
    page.get_by_label("The note, word for word").fill("Please slow down.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved. Now the next one.")).to_be_visible()
    expect(field).to_have_value("")
    assert Rating.objects.get(rater=Rater.CLIENT).respect == 3

    page.go_back()
    expect(page.get_by_text("This slip was typed in already.")).to_be_visible()
    expect(page.locator("input:checked")).to_have_count(0)
    expect(page.get_by_text("Please slow down.")).to_have_count(0)
