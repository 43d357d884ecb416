"""report.html in headless Chromium: nothing to complain about, every image there, a slider for hands and keys."""

import pytest
from browser import CHROMIUM, WHY_NOT, chromium
from untrained_run import hostile_run

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=WHY_NOT)

BROKEN = "[...document.images].filter(image => !image.complete || !image.naturalWidth).length"
# what a person sees of the slider: the frames that are shown, and what is said of them
SEEN = "[...document.querySelectorAll('{}')].filter(one => one.querySelector('img').checkVisibility())"
SHOWN = SEEN.format(".frame") + ".map(frame => frame.dataset.name)"
SUBJECTS = SEEN.format(".subject") + ".map(subject => subject.querySelector('code').textContent)"
SAID = "document.getElementById('said').textContent"
SPEAKS = "document.getElementById('when').getAttribute('aria-valuetext')"


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A page on a run with names that try to become markup."""
    folder = tmp_path_factory.mktemp("run")
    hostile_run(folder)
    return folder / "report.html"


@pytest.fixture
def page(report, tmp_path):
    with chromium(tmp_path / "profile") as tab:
        tab.look(1400)
        tab.open(report)
        yield tab


def test_it_opens_without_a_complaint_and_asks_for_nothing_else(page, report):
    assert page.complaints == []
    assert [address for address in page.loaded if not address.startswith("data:image/")] == [report.as_uri()]
    assert page.ask("document.images.length") > 50 and page.ask(BROKEN) == 0
    assert page.ask("document.querySelectorAll('.plot > svg').length") == 3 + 5 + 2


def test_the_slider_goes_through_the_generations_with_the_keyboard(page):
    assert page.ask(SHOWN) == ["gen2"] and page.ask(SAID).startswith("gen2: doubt") and page.ask(SPEAKS) == "gen2"
    page.ask("document.getElementById('when').focus()")
    page.press("ArrowLeft", 37)
    assert page.ask(SHOWN) == ["gen1"] and page.ask(SAID).startswith("gen1: doubt") and page.ask(SPEAKS) == "gen1"
    page.press("ArrowRight", 39)
    assert page.ask(SHOWN) == ["gen2"]


def test_another_image_can_be_chosen(page):
    before = page.ask(SUBJECTS)
    page.ask("document.getElementById('which').focus()")
    page.press("ArrowDown", 40)
    after = page.ask(SUBJECTS)
    assert len(before) == len(after) == 1 and before != after and page.ask(SHOWN) == ["gen2"]


@pytest.mark.parametrize("width", [1400, 400])
@pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
def test_it_fits_narrow_and_wide_screens_light_and_dark(page, report, width, scheme, dark):
    page.look(width, scheme)
    page.open(report)
    assert page.ask("document.documentElement.scrollWidth") == width, "the page scrolls sideways"
    darkness = "getComputedStyle(document.body).{}.match(/\\d+/g).slice(0, 3).every(one => one {} 128)"
    assert page.ask(darkness.format("backgroundColor", "<")) is dark and page.ask(darkness.format("color", ">")) is dark
    ink = "getComputedStyle(document.querySelector('.plot text')).fill"
    assert page.ask(ink) == page.ask("getComputedStyle(document.body).color")


def test_without_its_script_every_generation_is_shown(report, tmp_path):
    with chromium(tmp_path / "profile") as tab:
        tab.call("Emulation.setScriptExecutionDisabled", value=True)
        tab.open(report)
        tab.call("Emulation.setScriptExecutionDisabled", value=False)
        shown = tab.ask(SHOWN)
        assert shown.count("gen1") == shown.count("gen2") == len(tab.ask(SUBJECTS)) > 1
        assert not tab.ask("document.querySelector('.controls').checkVisibility()")


def test_these_checks_see_what_they_look_for(report, tmp_path):
    """A broken image, an error in a script, something from elsewhere and a script that was not there."""
    text = report.read_text("utf-8")
    policy = text[text.index("<meta http-equiv") :].split(">")[0] + ">"
    bad = tmp_path / "bad.html"
    wrong = '<img src="data:image/png;base64,AAAA"><img src="other.png"><script>throw new Error("oh")</script>'
    bad.write_text(text.replace(policy, "").replace("</main>", f"</main>{wrong}"), "utf-8")
    with chromium(tmp_path / "profile") as tab:
        tab.open(bad)
        assert tab.ask(BROKEN) == 2 and any("oh" in words for words in tab.complaints)
        assert (tmp_path / "other.png").as_uri() in tab.loaded
        # with the page's own policy neither runs nor loads what was slipped in
        kept = tmp_path / "kept.html"
        kept.write_text(text.replace("</main>", f"</main>{wrong}"), "utf-8")
        tab.loaded.clear(), tab.complaints.clear()
        tab.open(kept)
        assert not any("oh" in words and "Error" in words for words in tab.complaints)
        assert all("Content Security Policy" in words or "ERR_" in words for words in tab.complaints)
