from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from realtime_agents.agents.loader import load_scenario, read_scenario
from realtime_agents.errors import ConfigError

TOOLS = ("search_knowledge", "benefit_fact")
WriteScenario = Callable[..., Path]


def problems(folder: Path) -> list[tuple[str, int | None, str]]:
    return [(Path(e.file).name, e.line, e.message) for e in read_scenario(folder, TOOLS).errors]


def only_problem(folder: Path) -> tuple[str, int | None, str]:
    found = problems(folder)
    assert len(found) == 1, found
    return found[0]


def test_a_valid_folder_becomes_a_frozen_scenario_in_the_listed_order(write_scenario: WriteScenario) -> None:
    scenario = load_scenario(write_scenario(), TOOLS)
    assert (scenario.name, scenario.title, scenario.start) == ("shop", "Shop", "front")
    assert list(scenario.agents) == ["front", "back"]
    back = scenario.agents["back"]
    assert back.description == "Knows the stock: prices and sizes."
    assert back.instructions == "Look things up."
    assert back.tools == ("search_knowledge",)
    assert back.handoffs == ("front",)
    assert back.turn_detection == {"type": "server_vad", "silence_duration_ms": 700}
    assert back.max_output_tokens == 400
    assert (back.voice, back.language, back.suggestions) == ("marin", "en", ())


def test_an_agent_that_is_not_listed_follows_the_listed_ones(write_scenario: WriteScenario) -> None:
    folder = write_scenario(another="title: A\ndescription: a\ninstructions: a\n")
    assert list(load_scenario(folder).agents) == ["front", "back", "another"]


def test_versions_are_hashes_of_content_and_change_with_it(write_scenario: WriteScenario) -> None:
    before = load_scenario(write_scenario())
    again = load_scenario(write_scenario())
    assert before == again
    assert len(before.version) == 12
    after = load_scenario(
        write_scenario(front="title: Front\ndescription: Greets.\ninstructions: Be kind.\n")
    )
    assert after.version != before.version
    assert after.agents["front"].version != before.agents["front"].version
    assert after.agents["back"].version == before.agents["back"].version


MINIMAL = "title: Back\ndescription: d\ninstructions: i\n"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (MINIMAL + "colour: blue\n", 4, "unknown key 'colour' in an agent; did you mean 'color'?"),
        (MINIMAL + "zzz: 1\n", 4, "unknown key 'zzz' in an agent; known are name, title"),
        (MINIMAL + "title: Again\n", 4, "the key 'title' stands twice; the first is on line 1"),
        (
            MINIMAL + "\nhandoffs: front\n",
            5,
            "'handoffs' must be a list of names, such as [medicare, va]; found text",
        ),
        (MINIMAL + "handoffs:\n  - front\n  - bakc\n", 6, "unknown agent 'bakc' in 'handoffs'"),
        (MINIMAL + "handoffs: [frnt]\n", 4, "unknown agent 'frnt' in 'handoffs'; did you mean 'front'?"),
        (MINIMAL + "handoffs: [back]\n", 4, "'handoffs' names the agent itself"),
        (MINIMAL + "tools: [search_knowlege]\n", 4, "did you mean 'search_knowledge'?"),
        (MINIMAL + "tools: [benefit_fact, benefit_fact]\n", 4, "'benefit_fact' stands twice in 'tools'"),
        (
            MINIMAL + "color: bleu\n",
            4,
            "'color' must be one of slate, blue, green, purple, orange, teal; found 'bleu'",
        ),
        (MINIMAL + "suggestions: [1, 2]\n", 4, "'suggestions' must be a list of texts; found a list"),
        (MINIMAL + "suggestions: [How much?]\n", 4, "put text that contains a '?' in quotes"),
        (MINIMAL + "max_output_tokens: lots\n", 4, "'max_output_tokens' must be a whole number; found text"),
        (MINIMAL + "max_output_tokens: true\n", 4, "'max_output_tokens' must be a whole number; found true"),
        (MINIMAL + "max_output_tokens: 5000\n", 4, "'max_output_tokens' must be between 1 and 4096"),
        (MINIMAL + "language: English please\n", 4, "'language' must be a tag such as en or es-US"),
        (MINIMAL + "name: front\n", 4, "'name' must be the file's name, 'back'; found 'front'"),
        (
            MINIMAL + "voice:\n",
            4,
            "'voice' must be a name of small letters, digits and _, such as va_claims; found nothing",
        ),
        (
            "title: 2026\ndescription: d\ninstructions: i\n",
            1,
            "found 2026 (put it in quotes to make it text)",
        ),
        ("title: no\ndescription: d\ninstructions: i\n", 1, "found false (put it in quotes to make it text)"),
        ("title: Back\ndescription: d\n", 1, "an agent needs the key 'instructions'"),
        ("title: Back\ndescription: d\ninstructions: ''\n", 3, "'instructions' must be text"),
        ("", 1, "the file is empty"),
        ("just words\n", 1, "expected keys such as 'title: …', found text"),
        ("- a\n- b\n", 1, "expected keys such as 'title: …', found a list"),
        ("title: Back\n\tdescription: d\ninstructions: i\n", 2, "a tab is used for indentation"),
        ("title: Back\ndescription: costs: many\ninstructions: i\n", 2, "a second ': ' on one line"),
        ("title: Back\ndescription: d\ninstructions: [i\n", 4, "expected ',' or ']'"),
        ("title: 'Back\ndescription: d\n", 3, "found unexpected end of stream"),
        ("title: Back\n---\ntitle: Back\n", 2, "more than one document"),
        (
            "title: !python/name:os.system x\ndescription: d\ninstructions: i\n",
            1,
            "could not determine a constructor",
        ),
        ("title: &a [*a]\ndescription: d\ninstructions: i\n", 1, "the value contains itself"),
        (
            "title: 2026-02-30\ndescription: d\ninstructions: i\n",
            1,
            "looks like a date or a number and is none",
        ),
        (
            MINIMAL + "turn_detection: {type: vad}\n",
            4,
            "'type' must be one of server_vad, semantic_vad; found 'vad'",
        ),
        (MINIMAL + "turn_detection:\n  type: server_vad\n  eagerness: low\n", 6, "unknown key 'eagerness'"),
        (
            MINIMAL + "turn_detection:\n  type: server_vad\n  threshold: 2\n",
            6,
            "'threshold' must be between 0 and 1",
        ),
        (MINIMAL + "turn_detection:\n  threshold: 0.5\n", 4, "needs the key 'type'"),
    ],
)
def test_a_mistake_is_reported_with_its_line_and_a_hint(
    write_scenario: WriteScenario, text: str, line: int, message: str
) -> None:
    file, found_line, found = only_problem(write_scenario(back=text))
    assert file == "back.yaml"
    assert message in found
    assert found_line == line


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (
            "title: S\ndescription: d\nstart: fornt\n",
            3,
            "'start' names an unknown agent 'fornt'; did you mean 'front'?",
        ),
        ("title: S\ndescription: d\nstart: front\nagents: [front, bcak]\n", 4, "there is no file bcak.yaml"),
        ("title: S\ndescription: d\nstart: front\nagent: [front]\n", 4, "did you mean 'agents'?"),
        ("title: S\nstart: front\n", 1, "a scenario needs the key 'description'"),
    ],
)
def test_a_mistake_in_the_scenario_file_is_reported(
    write_scenario: WriteScenario, text: str, line: int, message: str
) -> None:
    file, found_line, found = only_problem(write_scenario(scenario=text))
    assert (file, found_line) == ("scenario.yaml", line)
    assert message in found


def test_all_mistakes_of_a_folder_are_collected(write_scenario: WriteScenario) -> None:
    folder = write_scenario(
        scenario="titel: S\ndescription: d\nstart: nobody\n",
        front="title: F\ndescription: d\ninstructions: i\nhandoffs: [nobody]\nvoise: x\n",
        back="title: Back\n\tdescription: d\n",
    )
    found = problems(folder)
    assert [(file, line) for file, line, _ in found] == [
        ("scenario.yaml", 1),
        ("scenario.yaml", 3),
        ("back.yaml", 2),
        ("front.yaml", 4),
        ("front.yaml", 5),
    ]


def test_loading_raises_the_first_error_and_notes_the_others(write_scenario: WriteScenario) -> None:
    folder = write_scenario(front="title: F\ndescription: d\nvoise: x\n")
    with pytest.raises(ConfigError) as caught:
        load_scenario(folder)
    assert caught.value.line == 1
    assert caught.value.file.endswith("front.yaml")
    assert any("voise" in note for note in caught.value.__notes__)


def test_a_folder_without_a_scenario_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    messages = [message for _, _, message in problems(tmp_path / "empty")]
    assert any("cannot be read: No such file" in message for message in messages)
    assert any("holds no agent" in message for message in messages)


def test_a_yml_file_is_not_silently_left_out(write_scenario: WriteScenario) -> None:
    folder = write_scenario()
    (folder / "third.yml").write_text(MINIMAL)
    assert "rename third.yml to third.yaml" in only_problem(folder)[2]


def test_text_that_is_not_utf_8_is_reported(write_scenario: WriteScenario) -> None:
    folder = write_scenario()
    (folder / "back.yaml").write_bytes(b"title: caf\xe9\n")
    assert "not UTF-8" in only_problem(folder)[2]


def test_a_file_nested_absurdly_deep_is_reported_not_fatal(write_scenario: WriteScenario) -> None:
    folder = write_scenario(back="title: " + "[" * 50_000)
    assert len(problems(folder)) == 1


def test_an_oversized_file_is_refused_unread(write_scenario: WriteScenario) -> None:
    folder = write_scenario(back="# " + "x" * 1_000_000)
    assert "larger than" in only_problem(folder)[2]
