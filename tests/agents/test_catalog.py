from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from realtime_agents.agents.catalog import ScenarioCatalog
from realtime_agents.errors import ConfigError

TOOLS = ("search_knowledge", "benefit_fact")
WriteScenario = Callable[..., Path]
GOOD = "title: Front desk\ndescription: Greets people.\ninstructions: Be kind.\n"


def test_nothing_changes_while_no_file_changes(write_scenario: WriteScenario) -> None:
    catalog = ScenarioCatalog(write_scenario().parent, TOOLS)
    assert list(catalog.scenarios) == ["shop"]
    change = catalog.refresh()
    assert not change
    assert change.errors == ()


def test_reload_goes_from_valid_over_broken_to_fixed(write_scenario: WriteScenario) -> None:
    folder = write_scenario()
    catalog = ScenarioCatalog(folder.parent, TOOLS)
    first = catalog.get("shop")

    (folder / "front.yaml").write_text(GOOD + "colour: blue\n")
    broken = catalog.refresh()
    assert broken.broken == ("shop",)
    assert broken.changed == ()
    assert [error.line for error in broken.errors] == [4]
    assert catalog.get("shop") is first, "the last good version stays in use"

    again = catalog.refresh()
    assert not again, "an unchanged broken file is not news"
    assert len(again.errors) == 1, "but it is still wrong"

    (folder / "front.yaml").write_text(GOOD)
    fixed = catalog.refresh()
    assert fixed.changed == ("shop",)
    assert fixed.errors == ()
    assert catalog.get("shop").agents["front"].title == "Front desk"
    assert catalog.get("shop").version != first.version


def test_a_file_that_vanishes_for_a_moment_does_not_lose_the_scenario(write_scenario: WriteScenario) -> None:
    folder = write_scenario()
    catalog = ScenarioCatalog(folder.parent, TOOLS)
    for name in ("scenario.yaml", "back.yaml"):
        text = (folder / name).read_text()
        (folder / name).unlink()
        assert catalog.refresh().broken == ("shop",)
        assert "shop" in catalog.scenarios
        (folder / name).write_text(text)
        assert catalog.refresh().errors == ()


def test_a_touched_file_with_the_same_content_is_no_change(write_scenario: WriteScenario) -> None:
    folder = write_scenario()
    catalog = ScenarioCatalog(folder.parent, TOOLS)
    before = catalog.get("shop")
    os.utime(folder / "front.yaml", ns=(1, 1))
    assert not catalog.refresh()
    assert catalog.get("shop") is before


def test_new_and_removed_folders_are_noticed(write_scenario: WriteScenario) -> None:
    folder = write_scenario()
    catalog = ScenarioCatalog(folder.parent, TOOLS)
    folder.rename(folder.parent / "store")
    change = catalog.refresh()
    assert change.removed == ("shop",)
    assert change.changed == ("store",)
    assert list(catalog.scenarios) == ["store"]


def test_a_reader_keeps_a_whole_mapping_while_it_is_replaced(write_scenario: WriteScenario) -> None:
    folder = write_scenario()
    catalog = ScenarioCatalog(folder.parent, TOOLS)
    seen = catalog.scenarios
    (folder / "front.yaml").write_text(GOOD)
    catalog.refresh()
    assert seen["shop"].agents["front"].title == "Front"


def test_an_unknown_name_is_answered_with_those_that_exist(write_scenario: WriteScenario) -> None:
    catalog = ScenarioCatalog(write_scenario().parent, TOOLS)
    with pytest.raises(ConfigError, match="there is no scenario 'market'; known are shop"):
        catalog.get("market")


def test_asking_for_a_scenario_that_never_loaded_tells_why(write_scenario: WriteScenario) -> None:
    catalog = ScenarioCatalog(write_scenario(front="title: 1\n").parent, TOOLS)
    with pytest.raises(ConfigError, match=r"front\.yaml:1"):
        catalog.get("shop")


def test_check_reads_the_files_without_touching_what_is_in_use(write_scenario: WriteScenario) -> None:
    folder = write_scenario()
    catalog = ScenarioCatalog(folder.parent, TOOLS)
    assert catalog.check() == []
    (folder / "front.yaml").write_text("title: 1\n")
    assert len(catalog.check()) == 3
    assert catalog.get("shop").agents["front"].title == "Front"


def test_edited_facts_are_noticed_and_checked(write_scenario: WriteScenario) -> None:
    facts = write_scenario() / "facts"
    facts.mkdir()
    (facts / "fees.yaml").write_text("sources: {}\nfacts: []\n")
    catalog = ScenarioCatalog(facts.parent.parent, TOOLS)
    assert not catalog.refresh()
    assert catalog.check() == []
    (facts / "fees.yaml").write_text("sources: {}\nfact: []\n")
    change = catalog.refresh()
    assert change
    assert change.facts == ("shop",)
    assert change.changed == ()
    assert not catalog.refresh()
    assert [(error.line, "did you mean 'facts'?" in error.message) for error in catalog.check()] == [
        (2, True)
    ]


@pytest.mark.parametrize("exists", [True, False])
def test_a_folder_without_scenarios_is_an_error(tmp_path: Path, exists: bool) -> None:
    root = tmp_path / "agents"
    if exists:
        root.mkdir()
    catalog = ScenarioCatalog(root, TOOLS)
    assert [error.message for error in catalog.check()] == [
        "no scenario found: expected at least one folder with a scenario.yaml"
    ]
    assert catalog.refresh().errors
