from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from realtime_agents.knowledge.facts import FactBook
from realtime_agents.settings import ROOT

BENEFITS = ROOT / "agent_configs" / "benefits"
PAGES = sorted((BENEFITS / "knowledge").glob("*.md"))
AMOUNT = re.compile(r"\$(\d[\d,]*(?:\.\d+)?)|(\d+(?:\.\d+)?)(?:%| percent)")
YEAR = re.compile(r"\b20\d\d\b")


def front_matter(path: Path) -> dict[str, Any]:
    _, matter, _ = path.read_text(encoding="utf-8").split("---\n", 2)
    loaded = yaml.safe_load(matter)
    assert isinstance(loaded, dict)
    return loaded


def body(path: Path) -> str:
    return path.read_text(encoding="utf-8").split("---\n", 2)[2]


@pytest.fixture(scope="module")
def figures() -> frozenset[float]:
    """Every number that a fact holds: values, conditions and sentences."""
    found: set[float] = set()

    def add(value: Any) -> None:
        match value:
            case bool() | None:
                pass
            case int() | float():
                found.add(round(float(value), 2))
            case str():
                found.update(
                    round(float(n.replace(",", "")), 2) for n in re.findall(r"\$(\d[\d,]*(?:\.\d+)?)", value)
                )
            case dict():
                add(list(value.values()))
            case _:
                for item in value:
                    add(item)

    for fact in FactBook.load(BENEFITS / "facts", None).facts:
        for value in fact.values:
            add([value.value, dict(value.when), value.say])
    return frozenset(found)


def test_there_are_enough_pages_of_each_collection() -> None:
    collections = [front_matter(path)["collection"] for path in PAGES]
    counts = {name: collections.count(name) for name in set(collections)}
    assert set(counts) == {"medicare", "va", "both"}
    assert counts["medicare"] >= 20
    assert counts["va"] >= 14
    assert counts["both"] >= 10
    assert len(PAGES) >= 44


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_is_short_dated_and_has_a_source(path: Path) -> None:
    matter = front_matter(path)
    assert matter["id"] == path.stem
    assert matter["title"]
    assert str(matter["url"]).startswith("https://")
    assert matter["source"] in ("CMS", "VA", "VA.gov", "eCFR")
    assert re.fullmatch(r"20\d\d-\d\d(-\d\d)?", matter["as_of"])
    words = re.findall(r"\S+", re.sub(r"^#.*$", "", body(path), flags=re.MULTILINE))
    assert 80 <= len(words) <= 220


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_amount_on_a_page_is_held_as_a_fact(path: Path, figures: frozenset[float]) -> None:
    for dollars, percent in AMOUNT.findall(body(path)):
        amount = (dollars or percent).replace(",", "")
        assert round(float(amount), 2) in figures, f"{path.name}: {amount}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_section_with_an_amount_names_a_year(path: Path) -> None:
    for section in re.split(r"^## ", body(path), flags=re.MULTILINE):
        is_money = "$" in section
        assert not is_money or YEAR.search(section), f"{path.name}: {section[:80]}"
