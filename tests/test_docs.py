"""What the documents name exists: files, tests and commands."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")
TEST = re.compile(r"`([\w/]+\.py)::(\w+)`")
FILE = re.compile(r"`((?:addons|docs|setup|tests)/[\w/.]+)[`:]")
COMMAND = re.compile(r"\./(setup/\w+)")


def _found(pattern: re.Pattern, page: Path) -> list:
    return pattern.findall(page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_links_to_exists(page):
    missing = [link for link in _found(LINK, page) if not (page.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_files_and_commands_a_page_names_exist(page):
    named = {*_found(FILE, page), *_found(COMMAND, page)}
    assert not {name for name in named if not (ROOT / name).exists()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_tests_a_page_names_exist(page):
    missing = [
        f"{path}::{name}"
        for path, name in _found(TEST, page)
        if f"def {name}(" not in (ROOT / path).read_text(encoding="utf-8")
    ]
    assert not missing


def test_every_promise_names_its_tests():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    promises = re.split(r"^\d\. ", text.partition("## Promises")[2], flags=re.M)[1:]
    assert len(promises) == 8
    assert all(TEST.search(promise) for promise in promises)
