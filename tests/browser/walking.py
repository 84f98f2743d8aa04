"""What is looked at on every page, whatever the story of the test: see `Watch` and `look_at`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    ElementHandle,
    Locator,
    Page,
    Request,
    Response,
    WebError,
    expect,
)

PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 3,
    "is_mobile": True,
    "has_touch": True,
}
NARROWEST = 320
# The smallest phone, and a window of 1280 by 1024 pixels at 400 %.
SMALL_HEIGHTS = (568, 256)
Look: TypeAlias = tuple[Literal["light", "dark"], tuple[int, int]]
# Between them both layouts in both schemes. The stories' pages get one pair, every page the other.
LOOKS: tuple[Look, ...] = (("light", (390, 844)), ("dark", (1280, 900)))
OTHER_LOOKS: tuple[Look, ...] = (("light", (1280, 900)), ("dark", (390, 844)))
INSIDE = {"data", "blob", "about"}

# What the console says of a status is known better from the answer itself.
OF_A_STATUS = "Failed to load resource: the server responded with a status of"
OF_THE_NETWORK = "Failed to load resource: net::"
TELL_OF_CSP = """
document.addEventListener("securitypolicyviolation", (event) => console.error(
  `CSP: ${event.effectiveDirective} blocks ${event.blockedURI} ${event.sample}`));
"""
TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
RUN_AXE = "() => axe.run({ resultTypes: ['violations'] }).then((results) => results.violations)"
# Innermost elements that reach beyond the window, unless a box around them scrolls by itself.
TOO_WIDE = """(width) => {
  const scrolls = (element) => element.closest(".scroll, .trend-chart") !== null;
  const sticksOut = (element) => element.getBoundingClientRect().right > width + 1;
  return [...document.body.querySelectorAll("*")]
    .filter((element) => sticksOut(element) && !scrolls(element))
    .filter((element) => ![...element.children].some(sticksOut))
    .slice(0, 3)
    .map((element) => element.outerHTML.slice(0, 160));
}"""
# What is told apart by its ground alone is lost where the system sets all colors. Plotly draws the
# buttons of its own bar as icons.
WITHOUT_BORDER = """() => {
  const bare = (style) => style.borderTopStyle === "none" || parseFloat(style.borderTopWidth) < 1;
  const all = "button:not(.modebar-btn), .btn, .form-control, .form-select";
  return [...document.querySelectorAll(all)]
    .filter((each) => each.checkVisibility() && bare(getComputedStyle(each)))
    .slice(0, 3)
    .map((each) => each.outerHTML.slice(0, 160));
}"""
# What stays in place while the page scrolls, and how much of the window it takes.
STAYS = """() => [...document.body.querySelectorAll("*")]
  .filter((each) => ["sticky", "fixed"].includes(getComputedStyle(each).position))
  .filter((each) => each.getBoundingClientRect().height > innerHeight / 3)
  .map((each) => each.outerHTML.slice(0, 160))"""
# A radio button that looks like a button is shown, and focused, by its label.
FOCUS = """(wanted) => {
  const focused = document.activeElement;
  if (focused === document.body) return null;
  const shown = focused.matches(".btn-check") ? focused.labels[0] : focused;
  const style = getComputedStyle(shown);
  const box = shown.getBoundingClientRect();
  const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
  const top = document.elementFromPoint(x, y);
  return {
    html: shown.outerHTML.slice(0, 160),
    outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    inView: top !== null && (shown.contains(top) || top.contains(shown)),
    isWanted: focused === wanted,
  };
}"""


class Watch:
    """Notes whatever goes wrong on any page of any context, for the end of the test."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.troubles: list[str] = []
        self.expected: set[tuple[str, int]] = set()
        self.connection_may_fail = False
        self.contexts: list[BrowserContext] = []

    def over(self, context: BrowserContext) -> None:
        self.contexts.append(context)
        context.add_init_script(TELL_OF_CSP)
        context.on("console", self._console)
        context.on("weberror", self._web_error)
        context.on("request", self._request)
        context.on("requestfailed", self._failed)
        context.on("response", self._response)

    def expect_status(self, path: str, status: int) -> None:
        """Let one path answer with a status of 400 or more."""
        self.expected.add((path, status))

    def check(self) -> None:
        """Fail with everything that was noted, each thing once."""
        for context in self.contexts:
            for page in context.pages:
                page.evaluate("0")  # what Chromium still has to tell comes before this answer
        assert not self.troubles, "\n".join(["", *dict.fromkeys(self.troubles)])

    def note(self, where: str, what: str) -> None:
        self.troubles.append(f"{where}: {what}")

    def _console(self, message: ConsoleMessage) -> None:
        known = (OF_A_STATUS, OF_THE_NETWORK) if self.connection_may_fail else (OF_A_STATUS,)
        if message.type in {"error", "warning"} and not message.text.startswith(known):
            where = message.page.url if message.page else "console"
            self.note(where, f"{message.type}: {message.text}")

    def _web_error(self, error: WebError) -> None:
        self.note(error.page.url if error.page else "page", f"uncaught: {error.error}")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        inside = f"{parts.scheme}://{parts.netloc}" == self.origin or parts.scheme in INSIDE
        if not inside:
            self.note("request", f"leaves the server: {request.url}")

    def _failed(self, request: Request) -> None:
        # A download, or a page left in time; a posted page is not kept for Back.
        harmless = request.failure in {"net::ERR_ABORTED", "net::ERR_CACHE_MISS"}
        if not harmless and not self.connection_may_fail:
            self.note(request.url, f"failed: {request.failure}")

    def _response(self, response: Response) -> None:
        found = (urlsplit(response.url).path, response.status)
        if response.status >= 400 and found not in self.expected:
            self.note(response.url, f"answered {response.status}")


def look_at(page: Page, name: str, watch: Watch, looks: Iterable[Look] = LOOKS) -> None:
    """Look at a page in both color schemes and three widths: axe, and nothing sticks out."""
    before = page.viewport_size
    assert before is not None
    for scheme, (width, height) in looks:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": height})
        _let_the_chart_follow(page)
        where = f"{name} ({scheme}, {width})"
        _check_width(page, where, width, watch)
        _check_with_axe(page, where, watch)
    page.set_viewport_size({"width": NARROWEST, "height": SMALL_HEIGHTS[0]})
    _let_the_chart_follow(page)
    _check_width(page, f"{name} ({NARROWEST})", NARROWEST, watch)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(before)
    _let_the_chart_follow(page)


def look_from_all_sides(page: Page, name: str, watch: Watch) -> None:
    """As `look_at`, and at 400 %, and where the system sets the colors."""
    look_at(page, name, watch, OTHER_LOOKS)
    before = page.viewport_size
    assert before is not None
    page.set_viewport_size({"width": NARROWEST, "height": SMALL_HEIGHTS[1]})
    if in_the_way := page.evaluate(STAYS):
        watch.note(f"{name} (400 %)", f"a third of the window stays covered: {in_the_way}")
    page.emulate_media(forced_colors="active")
    if lost := page.evaluate(WITHOUT_BORDER):
        watch.note(f"{name} (forced colors)", f"without a border: {lost}")
    page.emulate_media(forced_colors="none")
    page.set_viewport_size(before)


def look_small(page: Page, name: str, watch: Watch) -> None:
    """Look at a page on the smallest phone and at 400 %: axe, and nothing sticks out."""
    before = page.viewport_size
    assert before is not None
    for height in SMALL_HEIGHTS:
        page.set_viewport_size({"width": NARROWEST, "height": height})
        where = f"{name} ({NARROWEST} x {height})"
        _check_width(page, where, NARROWEST, watch)
        _check_with_axe(page, where, watch)
    page.set_viewport_size(before)


def _let_the_chart_follow(page: Page) -> None:
    page.evaluate(f"document.getElementById('trend-chart') ? ({TWO_FRAMES})() : null")


def _check_width(page: Page, where: str, width: int, watch: Watch) -> None:
    page.wait_for_load_state()  # a click returns while the next page still has no document
    # Not innerWidth: on a phone the window itself grows with what is too wide.
    needed = page.evaluate("document.scrollingElement.scrollWidth")
    if needed > width:
        watch.note(where, f"needs {needed} pixels: {page.evaluate(TOO_WIDE, width)}")


def _check_with_axe(page: Page, where: str, watch: Watch) -> None:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    for violation in page.evaluate(RUN_AXE):
        for node in violation["nodes"]:
            reasons = [each["message"] for each in node["any"] + node["all"] + node["none"]]
            target = " ".join(str(each) for each in node["target"])
            watch.note(where, f"axe {violation['id']}: {target}: {'; '.join(reasons)}")


# ---- filling in ----


def question(page: Page, number: int) -> Locator:
    return page.get_by_role("group", name=re.compile(rf"^Question {number} of 3\."))


def choose(group: Locator, label: str) -> None:
    """Click, or on a phone tap, what a person sees: the label, not the hidden radio button."""
    button = _label(group, label)
    expect(button).to_be_visible()
    button.tap() if touches(group.page) else button.click()


def touches(page: Page) -> bool:
    return bool(page.evaluate("navigator.maxTouchPoints > 0"))


def _label(group: Locator, label: str) -> Locator:
    return group.locator("label.btn", has_text=re.compile(rf"^\s*{re.escape(label)}\s*$"))


def answer(page: Page, *labels: str) -> None:
    """Answer the three questions in order."""
    for number, label in enumerate(labels, start=1):
        choose(question(page, number), label)


# ---- keyboard only ----


def tab_to(page: Page, wanted: Locator, most: int = 60) -> None:
    """Press Tab until `wanted` has the focus; on the way the focus is always to be seen."""
    element = wanted.element_handle()
    for _ in range(most):
        page.keyboard.press("Tab")
        if check_focus(page, element):
            return
    raise AssertionError(f"Tab does not reach {wanted}")


def check_focus(page: Page, wanted: ElementHandle | None = None) -> bool:
    """What has the focus can be seen to have it. Whether it is what is wanted."""
    focus = page.evaluate(FOCUS, wanted)
    if focus is None:
        return False
    assert focus["outlined"], f"the focus has no outline: {focus['html']}"
    assert focus["inView"], f"the focus is out of sight: {focus['html']}"
    return bool(focus["isWanted"])


def answer_by_keyboard(page: Page, number: int, value: int) -> None:
    """Tab into a question, Space takes its first number, the arrow keys walk to the value."""
    group = question(page, number)
    tab_to(page, group.get_by_role("radio", name="0 of 10", exact=True))
    page.keyboard.press("Space")
    for _ in range(value):
        page.keyboard.press("ArrowRight")
        check_focus(page)
    expect(group.get_by_role("radio", name=f"{value} of 10", exact=True)).to_be_checked()


def enter(target: Locator) -> None:
    """Tab to it and press Enter; where that leads to a page, until the page is there."""
    page = target.page
    tab_to(page, target)
    if target.evaluate("(each) => each.matches('a[href]') || !!each.form"):
        with page.expect_navigation():
            page.keyboard.press("Enter")
    else:
        page.keyboard.press("Enter")


def type_in(field: Locator, text: str) -> None:
    """Into a field of text or a list; a date has a format of its own, by the system."""
    tab_to(field.page, field)
    if field.get_attribute("type") in {"date", "datetime-local"}:
        field.fill(text)
    else:
        field.page.keyboard.type(text)


def choose_by_keyboard(group: Locator, label: str) -> None:
    """The button with this label: see `choose`."""
    pick(group.page.locator(f"#{_label(group, label).get_attribute('for')}"))


def pick(box: Locator) -> None:
    """Tick a box by Space; in a group of radio buttons, walk from the first to this one."""
    page = box.page
    if box.get_attribute("type") == "checkbox":
        tab_to(page, box)
        page.keyboard.press("Space")
    else:
        group = page.locator(f'input[type="radio"][name="{box.get_attribute("name")}"]')
        chosen = group.and_(page.locator(":checked"))
        tab_to(page, chosen if chosen.count() else group.first)
        element = box.element_handle()
        for _ in range(group.count()):
            if check_focus(page, element):
                break
            page.keyboard.press("ArrowDown")
        page.keyboard.press("Space")
    expect(box).to_be_checked()


# ---- the chart ----

# What Plotly drew, read from its SVG; pixels are turned back into ratings by its own axis.
DRAWN = """() => {
  const chart = document.getElementById("trend-chart");
  const full = chart._fullData.filter((trace) => trace.visible === true);
  const traceOf = (role, lane) => {
    const trace = full.find((each) => each.meta.role === role && !!each.meta.lane === lane);
    return trace ? chart.querySelector(`.scatterlayer .trace${trace.uid}`) : null;
  };
  const pointsOf = (role, lane = false) =>
    [...(traceOf(role, lane)?.querySelectorAll("path.point") ?? [])];
  const yaxis = chart._fullLayout.yaxis;
  const ratingOf = (point) => {
    const matrix = point.transform.baseVal.consolidate().matrix;
    return Math.round(yaxis.p2d(matrix.f) * 10) / 10;
  };
  const fills = [...(chart.querySelectorAll(".scatterlayer .js-fill") ?? [])];
  const box = (element) => element.getBoundingClientRect();
  return {
    client: pointsOf("client").map(ratingOf),
    counselor: pointsOf("counselor").map(ratingOf),
    flags: pointsOf("flag").map(ratingOf),
    laneFlags: pointsOf("flag", true).length,
    bands: fills.filter((fill) => box(fill).width > 10 && box(fill).height > 10).length,
    color: pointsOf("client").length ? getComputedStyle(pointsOf("client")[0]).fill : "",
  };
}"""


def drawn(page: Page) -> dict[str, Any]:
    """What the chart shows, from its SVG: the client's points as ratings, flags, band."""
    expect(page.locator("#trend-chart .main-svg").first).to_be_visible()
    page.evaluate(TWO_FRAMES)
    found: dict[str, Any] = page.evaluate(DRAWN)
    return found


def column(page: Page, heading: str) -> list[str]:
    """One column of the table behind the fold, opened when it is closed."""
    fold = page.locator("details.fold")
    if fold.get_attribute("open") is None:
        fold.locator("summary").click()
    headings = fold.locator("thead th").all_inner_texts()
    cells = fold.locator(f"tbody tr > :nth-child({headings.index(heading) + 1})")
    return cells.all_inner_texts()


# ---- a task, and how far it is ----

MOST_HTML = 250_000
NEVER_SAID = re.compile("weakening|rupture|repaired", re.IGNORECASE)
HTML_OF_THIS_PAGE = "performance.getEntriesByType('navigation')[0].decodedBodySize"
EVERYTHING_SAID = """document.title + document.body.innerText
  + [...document.querySelectorAll("[aria-label]")].map((each) => each.ariaLabel).join(" ")"""


@dataclass
class Walk:
    """One person at one task. Links, buttons and taps count; typing and choosing do not."""

    person: str
    task: str
    page: Page
    clicks: int = 0
    seen: list[str] = field(default_factory=list)

    def click(self, target: Locator) -> None:
        """Use what is there now; looking first waits for its page.

        On a desk by Tab and Enter, where a click would reach it, too.
        """
        expect(target).to_be_visible()
        self._look()
        if touches(self.page):
            target.click()
        else:
            target.click(trial=True)
            enter(target)
        self.clicks += 1

    def choose(self, group: Locator, label: str) -> None:
        """On the client's form every tap counts."""
        choose(group, label)
        self.clicks += 1

    def end(self, reached: Locator) -> str:
        """Once what the task is for can be seen: its line in the table of CONTRIBUTING.md."""
        expect(reached).to_be_visible()
        self._look()
        return f"| {self.person} | {self.task} | {self.clicks} | {len(self.seen)} |"

    def _look(self) -> None:
        path = urlsplit(self.page.url).path
        if path not in self.seen:
            self.seen.append(path)
        size = self.page.evaluate(HTML_OF_THIS_PAGE)
        assert 0 < size <= MOST_HTML, f"{path} has {size} bytes of HTML"
        said = NEVER_SAID.search(self.page.evaluate(EVERYTHING_SAID))
        assert said is None, f"{path} says {said}"
