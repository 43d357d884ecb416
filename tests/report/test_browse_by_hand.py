"""browse.html in headless Chromium, with hands and keys: sorted, opened, painted, picked, and named by its address."""

import itertools
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from browsed_run import browsed
from browser import CHROMIUM, WHY_NOT, chromium
from untrained_run import HOSTILE

from dissent.cli.picks import listed
from dissent.core.files import read_table

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=WHY_NOT)

LOADS = itertools.count()
TILES = "[...document.querySelectorAll('.tile')].map(tile => tile.dataset.id)"
PAINTED = """(() => {
  const canvas = document.getElementById("doubt"), colours = {};
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  for (let at = 0; at < data.length; at += 4) if (data[at + 3]) colours[[...data.slice(at, at + 3)]] = (colours[[...data.slice(at, at + 3)]] ?? 0) + 1;
  return canvas.hidden ? {} : colours;
})()"""
SHOWN = "document.querySelector('[name=v]:checked').value"
ORANGE, BLUE = "230,159,0", "86,180,233"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Of a run with two classes beside the background."""
    return browsed(tmp_path_factory.mktemp("run"), Path(__file__).resolve().parents[2], "multiclass")


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("profile"), seconds=120) as one:
        one.look(1400)
        yield one
        # of our own looking at the pixels
        assert [words for words in one.complaints if not words.startswith("Canvas2D")] == []


def seen(tab, question, wanted=lambda answer: bool(answer)):
    """The answer, once it is as wanted."""
    for _ in range(100):
        if wanted(answer := tab.ask(question)):
            return answer
        time.sleep(0.05)
    raise AssertionError(f"{question}: {answer}")


def opened(tab, page, address=""):
    """Load it anew: of an address of which only what stands behind # is another one a browser loads nothing."""
    tab.loaded.clear()
    tab.open(page, f"?{next(LOADS)}{address}")
    seen(tab, "document.documentElement.dataset.ready")


def by_doubt(page, g):
    rows = read_table(page.parent / f"gen{g}" / "masks.csv")
    return [row["id"] for row in sorted(rows, key=lambda row: (-float(row["doubt_share"]), row["id"]))]


def test_the_grid_is_sorted_and_asks_for_nothing_from_elsewhere(tab, page):
    opened(tab, page)
    assert tab.ask(TILES) == by_doubt(page, 2)
    for name, value, wanted in (
        ("g", "1", by_doubt(page, 1)),
        ("sort", "name", sorted(by_doubt(page, 1))),
        ("q", HOSTILE[:9], [name for name in sorted(by_doubt(page, 1)) if HOSTILE in name]),
        ("show", "labelled", []),
    ):
        tab.ask(f"""(() => {{ const one = document.querySelector('#choice [name={name}]'); one.value = {value!r};
            one.dispatchEvent(new Event('input', {{ bubbles: true }})); }})()""")
        assert tab.ask(TILES) == wanted, name
    home = page.parents[2].as_uri()
    assert all(address.startswith(home) for address in tab.loaded) and len(tab.loaded) > 3


def test_an_image_is_shown_large_and_its_address_names_the_view(tab, page):
    opened(tab, page)
    first, second = by_doubt(page, 2)[:2]
    tab.press("ArrowRight", 39), tab.press("ArrowRight", 39)
    assert tab.ask("document.activeElement.parentElement.dataset.id") == second
    tab.ask("document.activeElement.click()")
    seen(tab, "document.getElementById('photo').naturalWidth")
    both = seen(tab, PAINTED)
    assert {ORANGE, BLUE} <= set(both), "two classes are in question, in their own colours"
    assert "small or large" in tab.ask("document.getElementById('sets').textContent")
    tab.press("1", 49), tab.press("[", 219)
    assert tab.ask(SHOWN) == "teacher1" and "/gen1/" in tab.ask("document.getElementById('mask').src")
    tab.press("t", 84)
    assert tab.ask(SHOWN) == "truth" and "/labels/" in seen(tab, "document.getElementById('mask').src")
    tab.press("d", 68)
    assert tab.ask(PAINTED) == {} and tab.ask("document.images.length") == 2
    address = tab.ask("location.hash")
    assert f"i={quote(second)}" in address and "g=1" in address and "v=truth" in address and "doubt=0" in address
    opened(tab, page, address)
    assert tab.ask("document.getElementById('name').textContent") == second and tab.ask(SHOWN) == "truth"
    tab.press("Escape", 27)
    assert tab.ask("document.getElementById('viewer').hidden") and tab.ask(TILES) == by_doubt(page, 1)
    assert first in tab.ask(TILES)


def test_a_label_that_is_left_out_is_not_painted(tab, page):
    opened(tab, page, f"#i={quote(by_doubt(page, 2)[0])}")
    before = seen(tab, PAINTED)
    tab.ask("document.querySelector('#labels input').click()")
    after = tab.ask(PAINTED)
    assert len(before) == 2 and len(after) == 1 and set(after) < set(before)


def test_what_is_picked_is_a_list_that_commands_read(tab, page, tmp_path):
    tab.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    opened(tab, page)
    names = by_doubt(page, 2)
    tab.press("ArrowRight", 39), tab.press("p", 80)
    wild = next(name for name in names if HOSTILE in name)
    tab.ask(
        "[...document.querySelectorAll('.tile')].find(tile => tile.dataset.id.includes('onerror')).querySelector('input').click()"
    )
    opened(tab, page)  # the browser keeps them
    assert tab.ask("document.getElementById('picked').textContent") == "2 picked"
    tab.ask("document.getElementById('save').click()")
    path = tmp_path / "tiny_multiclass.picks.txt"
    for _ in range(100):
        if path.is_file() and path.stat().st_size:
            break
        time.sleep(0.05)
    assert [name for _, name in listed(path)] == list(dict.fromkeys([names[0], wild])) and path.read_text().startswith(
        "# picked in "
    )


@pytest.mark.parametrize("width", [1400, 400])
def test_it_fits_narrow_and_wide_screens(tab, page, width):
    tab.look(width)
    for address in ("", f"#i={quote(by_doubt(page, 2)[0])}&v=label"):
        opened(tab, page, address)
        assert tab.ask("document.documentElement.scrollWidth") == width, "the page scrolls sideways"
