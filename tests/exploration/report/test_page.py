"""report.html in a browser: it is opened from disk, as users do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from accelgen.estimation import Figure
from accelgen.exploration.candidate import Candidate, Exploration
from accelgen.exploration.report import write_exploration
from accelgen.exploration.report.page import SCRIPTS, counted, embedded, page_data, to_html
from accelgen.resources import data_dir
from tests.exploration.report.conftest import explore

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\u2028'\"&amp;"


def hostile(exploration: Exploration) -> Exploration:
    """The exploration of a model whose names are out to run something."""

    def named(candidate: Candidate) -> Candidate:
        layers = tuple(
            replace(entry, layer=replace(entry.layer, name=f"{HOSTILE}{i}"))
            for i, entry in enumerate(candidate.estimate.layers)
        )
        estimate = replace(
            candidate.estimate, layers=layers, reasons=(HOSTILE,), notes=(HOSTILE,), in_domain=False
        )
        choices = {f"{HOSTILE}{i}": own for i, own in enumerate(candidate.design.layers.values())}
        design = replace(candidate.design, layers=choices)
        return replace(candidate, design=design, estimate=estimate, reason=HOSTILE, scores={HOSTILE: 0.5})

    return replace(
        exploration,
        network=HOSTILE,
        notes=(HOSTILE,),
        candidates=tuple(map(named, exploration.candidates)),
    )


def test_no_text_of_a_model_ends_the_data(exploration: Exploration) -> None:
    html = to_html(hostile(exploration), {one.name: HOSTILE for one in exploration.candidates})
    assert html.count("</script>") == 2
    data = html.split('id="data">')[1].split("</script>")[0]
    assert json.loads(data)["network"] == HOSTILE
    assert not set(data) & set("<>&\u2028")


def test_the_page_makes_no_markup_of_text_and_names_no_address() -> None:
    folder = data_dir("templates") / "explore"
    assert {path.stem for path in folder.glob("*.js")} == set(SCRIPTS)
    for path in folder.iterdir():
        text = path.read_text(encoding="utf-8").replace('"http://www.w3.org/2000/svg"', "")
        for word in (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "//www",
            "http",
        ):
            assert word not in text.replace("http-equiv", ""), (path.name, word)


def test_pieces_join_to_the_design_file(exploration: Exploration) -> None:
    data = page_data(exploration, {one.name: "" for one in exploration.candidates})
    for candidate, design in zip(exploration.candidates, data["designs"], strict=True):
        assert "".join(data["pieces"][piece] for piece in design["file"]) == candidate.design.to_yaml()
    assert len(data["pieces"]) < sum(len(design["file"]) for design in data["designs"]) / 2


def test_what_is_not_a_number_is_refused_or_left_out(exploration: Exploration) -> None:
    with pytest.raises(ValueError, match="JSON"):
        embedded(float("nan"))
    unknown = replace(exploration.candidates[0], scores={"accuracy": float("nan")})
    data = page_data(replace(exploration, candidates=(unknown,)), {unknown.name: ""})
    assert "accuracy" not in [entry["name"] for entry in data["quantities"]]


def test_counts_are_for_people() -> None:
    assert counted(4608) == "4,608"
    assert counted(127_123_456_789) == "1.27e11"
    assert counted(10**400) == "1.00e400"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("needs a Chromium: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield launched
        launched.close()


class Opened:
    """A report in a browser without a network, with what the page asked for and complained of."""

    def __init__(self, browser: Any, path: Path) -> None:
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.context = browser.new_context(
            viewport={"width": 1400, "height": 900},
            reduced_motion="reduce",
            permissions=["clipboard-read", "clipboard-write"],
        )
        self.page = self.context.new_page()
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.complaints.append(dialog.message), dialog.dismiss()))
        self.page.route("**/*", self._answer)
        self.url = path.as_uri()
        self.page.goto(self.url)
        self.page.wait_for_selector("#network:not(:empty)")

    def _answer(self, route: Any) -> None:
        self.requests.append(route.request.url)
        if route.request.url == self.url:
            route.continue_()
        else:
            route.abort()

    def place(self, name: str) -> tuple[float, float]:
        """Where a design's mark is."""
        box = self.page.locator(f'.point[data-name="{name}"] .mark').bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def close(self) -> None:
        """Close the page, which asked for nothing and complained of nothing."""
        self.context.close()
        assert self.requests == [self.url]
        assert self.complaints == []


def write_page(exploration: Exploration, folder: Path, command: str = "") -> Path:
    """The page by itself, which is sooner there than all that a search leaves."""
    path = folder / "report.html"
    commands = {candidate.name: command for candidate in exploration.candidates}
    path.write_text(to_html(exploration, commands), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def written(exploration: Exploration, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("explored") / "out"
    write_exploration(exploration, directory, ["a model.keras"])
    return directory


@pytest.fixture
def report(browser: Any, written: Path) -> Iterator[Opened]:
    opened = Opened(browser, written / "report.html")
    yield opened
    opened.close()


@pytest.mark.browser
def test_every_design_is_a_point_and_a_row(report: Opened, exploration: Exploration) -> None:
    names = [candidate.name for candidate in exploration.candidates]
    points = report.page.locator(".point[data-name]")
    assert sorted(points.evaluate_all("all => all.map(one => one.dataset.name)")) == names
    rows = report.page.locator("#front tbody tr")
    assert rows.evaluate_all("all => all.map(one => one.dataset.name)") == names
    assert len({report.place(name) for name in names}) == len(names)
    fewest = min(exploration.candidates, key=lambda one: one.estimate.total["lut"].value)
    assert max(report.place(name)[1] for name in names) == report.place(fewest.name)[1]


@pytest.mark.browser
def test_the_recommended_design_comes_first(report: Opened, exploration: Exploration) -> None:
    assert report.page.inner_text("#recommended-name") == exploration.best
    assert report.page.inner_text("#recommended-reason") == exploration.candidates[1].reason
    assert report.page.inner_text("#detail h2") == exploration.best
    assert report.page.locator(".point.best .tag").text_content() == "recommended"
    assert "123,456,789" in report.page.inner_text("#summary")
    assert "interval" in report.page.inner_text("#notes")


@pytest.mark.browser
def test_a_pointer_shows_a_design(report: Opened, exploration: Exploration) -> None:
    tip = report.page.locator(".tip")
    assert not tip.is_visible()
    candidate = exploration.candidates[4]
    report.page.mouse.move(*report.place(candidate.name))
    assert candidate.name in tip.inner_text()
    assert f"{candidate.estimate.total['lut'].value:,.0f}" in tip.inner_text()
    report.page.mouse.move(2, 2)
    assert not tip.is_visible()


@pytest.mark.browser
def test_a_click_shows_layers_and_resources(report: Opened, exploration: Exploration) -> None:
    candidate = exploration.candidates[3]
    report.page.mouse.click(*report.place(candidate.name))
    assert report.page.inner_text("#detail h2") == candidate.name
    rows = report.page.locator("#layers tbody tr")
    cells = [row.split("\t") for row in rows.all_inner_texts()]
    assert [row[0] for row in cells] == [entry.layer.name for entry in candidate.estimate.layers]
    assert [row[3] for row in cells] == ["8", "8", "8", "8", "\N{EN DASH}"]
    assert cells[0][8] == f"{candidate.estimate.layers[0].figures['lut']:,.0f}"
    meter = report.page.locator('#detail .meter[aria-label="FF"]')
    assert float(meter.get_attribute("aria-valuemax")) == 106_400
    filled = meter.locator(".fill").bounding_box()["width"] / meter.bounding_box()["width"]
    assert filled == pytest.approx(candidate.estimate.shares["ff"], abs=0.02)
    beyond = report.page.locator('#detail .meter[aria-label="LUT"] .overflowing')
    assert beyond.evaluate("one => getComputedStyle(one).opacity") == "1"
    assert report.page.url.endswith(f"#{candidate.name}")
    assert report.page.locator("#front tr.chosen").get_attribute("data-name") == candidate.name


@pytest.mark.browser
def test_axes_are_chosen(report: Opened, exploration: Exploration) -> None:
    names = [candidate.name for candidate in exploration.candidates]
    before = {name: report.place(name) for name in names}
    offered = report.page.locator("#x option").evaluate_all("all => all.map(one => one.value)")
    assert {"latency_max_us", "interval_cycles", "lut", "ff", "dsp", "bram_18k"} <= {*offered}
    report.page.select_option("#x", "bram_18k")
    after = {name: report.place(name) for name in names}
    assert all(before[name][0] != pytest.approx(after[name][0], abs=1) for name in names[1:-1])
    assert all(before[name][1] == pytest.approx(after[name][1], abs=0.2) for name in names)
    logarithmic = report.page.is_checked("#log-x")
    report.page.set_checked("#log-x", not logarithmic)
    assert any(after[name][0] != pytest.approx(report.place(name)[0], abs=1) for name in names)
    for name in offered:
        report.page.select_option("#y", name)
        for wanted in (True, False):
            report.page.set_checked("#log-y", wanted)
            places = report.page.locator(".point").evaluate_all("all => all.map(one => one.style.transform)")
            assert not any("NaN" in place or "Infinity" in place for place in places), name


@pytest.mark.browser
def test_limits_and_intervals_are_drawn(report: Opened) -> None:
    values = "all => all.map(one => [one.dataset.axis, Number(one.dataset.value)])"
    assert report.page.locator("line.limit").evaluate_all(values) == [["x", 200], ["y", 60_000]]
    assert report.page.locator("line.held").evaluate_all(values) == [["y", 53_200]]
    assert "LUT ≤ 60,000" in report.page.inner_text("#limits")
    low, high = report.place("front_04")[1], report.place("front_03")[1]
    line = report.page.locator('line.limit[data-axis="y"]').bounding_box()
    assert high < line["y"] < low
    shown = report.page.locator(".bar.shown")
    assert shown.count() == 0  # they are so wide that they would hide the rest
    assert report.page.locator(".bar.chosen").is_visible()
    report.page.select_option("#intervals", "all")
    assert shown.count() == 7
    report.page.select_option("#intervals", "whole")
    plot = report.page.locator(".plot svg").bounding_box()
    for bar in shown.all():
        box = bar.bounding_box()
        assert box["height"] > 20
        assert plot["y"] < box["y"]
        assert box["y"] + box["height"] < plot["y"] + plot["height"]
    report.page.select_option("#intervals", "chosen")
    report.page.select_option("#y", "ff")
    assert report.page.locator('line.limit[data-axis="y"]').count() == 0


@pytest.mark.browser
def test_short_intervals_are_drawn_for_all(browser: Any, tmp_path: Path) -> None:
    opened = Opened(browser, write_page(explore(factors=(1, 8, 64), spread=1.1), tmp_path))
    assert opened.page.input_value("#intervals") == "all"
    assert opened.page.locator(".bar.shown").count() == 3
    opened.close()


@pytest.mark.browser
def test_the_copy_buttons_copy_design_and_command(
    report: Opened, exploration: Exploration, written: Path
) -> None:
    report.page.click('#front tr[data-name="front_05"]')
    report.page.click(".file button")
    report.page.wait_for_selector(".file button:text-is('copied')")
    copied = report.page.evaluate("navigator.clipboard.readText()")
    assert copied == exploration.candidates[5].design.to_yaml()
    assert copied == (written / "designs" / "front_05.yaml").read_text()
    report.page.click(".command button")
    report.page.wait_for_selector(".command button:text-is('copied')")
    command = report.page.evaluate("navigator.clipboard.readText()")
    path = written / "designs" / "front_05.yaml"
    assert command == f"accelgen build 'a model.keras' --config {path} -o front_05"


@pytest.mark.browser
def test_keys_go_from_design_to_design(report: Opened, exploration: Exploration) -> None:
    order = sorted(exploration.candidates, key=lambda one: one.estimate.total["latency_max_cycles"].value)
    report.page.focus(".point.chosen")
    report.page.keyboard.press("Home")
    report.page.keyboard.press("ArrowRight")
    focused = "document.activeElement.dataset.name"
    assert report.page.evaluate(focused) == order[1].name
    assert order[1].name in report.page.inner_text(".tip")
    report.page.keyboard.press("End")
    report.page.keyboard.press("Enter")
    assert report.page.inner_text("#detail h2") == order[-1].name
    assert report.page.evaluate(focused) == order[-1].name
    report.page.keyboard.press("Escape")
    assert not report.page.locator(".tip").is_visible()


@pytest.mark.browser
def test_the_table_sorts(report: Opened, exploration: Exploration) -> None:
    by_lut = sorted(exploration.candidates, key=lambda one: one.estimate.total["lut"].value)
    names = "all => all.map(one => one.dataset.name)"
    head = report.page.locator("#front thead button", has_text="LUT")
    head.click()
    rows = report.page.locator("#front tbody tr")
    assert rows.evaluate_all(names) == [candidate.name for candidate in by_lut]
    head.click()
    assert rows.evaluate_all(names) == [candidate.name for candidate in reversed(by_lut)]


@pytest.mark.browser
def test_an_address_names_a_design(browser: Any, written: Path) -> None:
    opened = Opened(browser, written / "report.html")
    opened.page.evaluate("location.hash = '#front_06'")
    opened.page.wait_for_selector("#detail h2:text-is('front_06')")
    opened.page.evaluate("location.hash = '#%zz'")
    opened.page.wait_for_selector("#detail h2:text-is('front_01')")
    opened.close()


@pytest.mark.browser
def test_themes_and_paper_have_colours_of_their_own(report: Opened) -> None:
    colour = "getComputedStyle(document.querySelector('.card')).backgroundColor"
    report.page.emulate_media(color_scheme="light")
    light = report.page.evaluate(colour)
    report.page.emulate_media(color_scheme="dark")
    assert report.page.evaluate(colour) != light
    report.page.emulate_media(media="print", color_scheme="dark")
    assert report.page.evaluate(colour) == light
    assert not report.page.locator("#controls").is_visible()
    report.page.emulate_media(media="screen", color_scheme="dark")
    report.page.click("#theme")
    assert report.page.evaluate(colour) == light


@pytest.mark.browser
def test_hostile_names_are_shown_as_text(browser: Any, exploration: Exploration, tmp_path: Path) -> None:
    opened = Opened(browser, write_page(hostile(exploration), tmp_path, HOSTILE))
    page = opened.page
    assert page.locator("#network").evaluate("one => one.textContent") == HOSTILE
    assert page.locator("#layers tbody th").first.evaluate("one => one.textContent") == f"{HOSTILE}0"
    assert page.locator("#recommended-reason").evaluate("one => one.textContent") == HOSTILE
    page.mouse.move(*opened.place("front_02"))
    for name in page.locator("#x option").evaluate_all("all => all.map(one => one.value)"):
        page.select_option("#x", name)
    assert page.locator("img, iframe, object, embed").count() == 0
    assert page.locator("script").count() == 2
    opened.close()


@pytest.mark.browser
def test_a_thousand_designs_are_drawn(browser: Any, exploration: Exploration, tmp_path: Path) -> None:
    def copy(number: int) -> Candidate:
        base = exploration.candidates[number % 7]
        total = {
            name: Figure(*(end * (1 + number / 500) for end in vars(figure).values()))
            for name, figure in base.estimate.total.items()
        }
        estimate = replace(base.estimate, total=total, in_domain=number % 3 > 0)
        other = replace(base, name=f"front_{number:04}", estimate=estimate)
        vars(other)["design_file"] = base.design_file  # writing YAML takes longer than all the rest
        return other

    many = replace(exploration, candidates=tuple(map(copy, range(1000))), best="front_0500")
    path = write_page(many, tmp_path)
    assert path.stat().st_size < 3_000_000
    opened = Opened(browser, path)
    assert opened.page.locator(".point[data-name]").count() == 1000
    assert opened.page.locator("#front tbody tr").count() == 1000
    assert opened.page.locator(".bar.shown").count() == 0  # as many crosses hide each other
    opened.page.select_option("#x", "ff")
    opened.page.click('#front tr[data-name="front_0999"]')
    assert opened.page.inner_text("#detail h2") == "front_0999"
    opened.close()


@pytest.mark.browser
def test_nothing_found_is_a_page_too(browser: Any, exploration: Exploration, tmp_path: Path) -> None:
    opened = Opened(browser, write_page(replace(exploration, candidates=(), best=""), tmp_path))
    assert opened.page.inner_text("#front h2") == "No design"
    assert not opened.page.locator("#recommended").is_visible()
    opened.close()


def with_figures(candidate: Candidate, value: float) -> Candidate:
    total = dict.fromkeys(candidate.estimate.total, Figure(value, value, value))
    return replace(candidate, estimate=replace(candidate.estimate, total=total, capacity=None))


@pytest.mark.browser
@pytest.mark.parametrize("values", [[0.0], [0.0, 0.0], [5.0, 5.0], [0.0, 1e-6, 1e9], [-3.0, 7.0]])
def test_odd_figures_have_places(
    browser: Any, exploration: Exploration, tmp_path: Path, values: list[float]
) -> None:
    odd = tuple(map(with_figures, exploration.candidates, values))
    opened = Opened(browser, write_page(replace(exploration, candidates=odd, best="front_00"), tmp_path))
    plot = opened.page.locator(".plot svg").bounding_box()
    for logarithmic in (False, True):
        opened.page.set_checked("#log-x", logarithmic)
        opened.page.set_checked("#log-y", logarithmic)
        for candidate in odd:
            x, y = opened.place(candidate.name)
            assert plot["x"] < x < plot["x"] + plot["width"]
            assert plot["y"] < y < plot["y"] + plot["height"]
        ticks = opened.page.locator(".grid text").all_text_contents()
        assert 4 <= len(ticks) < 40
        assert not any("NaN" in tick or "Infinity" in tick for tick in ticks)
    opened.close()
