"""What `make docs` does to pages that are written for a forge: pages from outside docs/ join the site, and links follow them."""

import os
import posixpath
import re
from pathlib import Path
from urllib.parse import unquote

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import get_plugin_logger
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
# a page that lies elsewhere in the repository -> its place in the site
JOINED = {
    "config/README.md": "reference/config.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "CHANGELOG.md": "project/changelog.md",
    "SECURITY.md": "project/security.md",
    "README.md": "index.md",  # the site has a first page of its own
}
HOMES = {place: name for name, place in JOINED.items() if name != "README.md"}
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\((?![a-z]+:)([^)\s#]+)(#[^)\s]*)?\)")
FENCE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
log = get_plugin_logger("links")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The pages of the repository beside those of docs/."""
    for place, name in HOMES.items():
        files.append(File.generated(config, place, content=(ROOT / name).read_text("utf-8")))
    return files


def on_page_markdown(text: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """The page with its links as the site has them; code is left alone."""
    place = page.file.src_uri
    home = HOMES.get(place, f"docs/{place}")
    parts = FENCE.split(text)
    return "".join(part if part.startswith("```") else _linked(part, home, place) for part in parts)


def on_post_template(output: str, template_name: str, config: MkDocsConfig) -> str:
    """No map of the site: it would have the day of the build, and addresses that nobody knows yet."""
    return "" if template_name == "sitemap.xml" else output


def _linked(text: str, home: str, place: str) -> str:
    def one(found: re.Match) -> str:
        mark, words, target, anchor = found[1], found[2], unquote(found[3]), found[4] or ""
        name = posixpath.normpath(posixpath.join(posixpath.dirname(home), target))
        if not name.startswith("docs/") and not (ROOT / name).exists():
            log.warning(f"{home}: `{target}` leads nowhere")  # what lies in docs/ is MkDocs' to check
        if (ROOT / name).is_dir():
            return words  # a forge lists a folder, a site does not
        goal = JOINED.get(name) or (name.removeprefix("docs/") if name.startswith("docs/") else None)
        if goal is None:
            return words  # a file of the repository that is no page
        return f"{mark}[{words}]({os.path.relpath(goal, posixpath.dirname(place) or '.')}{anchor})"

    return LINK.sub(one, text)
