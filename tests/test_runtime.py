from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from realtime_agents.errors import ConfigError, RealtimeAgentsError, SettingsError
from realtime_agents.health import report
from realtime_agents.knowledge import schema
from realtime_agents.knowledge.port import Query
from realtime_agents.runtime import Runtime
from realtime_agents.settings import load
from tests.support.scripted_speech import ScriptedSpeech


def set_aside(folder: Path) -> set[str]:
    return {path.name.split(".")[0] for path in folder.glob("*.corrupt-*")}


async def test_upkeep_goes_on_after_a_fault_and_tells_it_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    runtime = Runtime(load({"DATA_DIR": str(tmp_path)}), keep_history=False, upkeep_every_s=0)
    looked, often = [0], asyncio.Event()

    async def follow() -> None:
        looked[0] += 1
        if looked[0] > 4:
            often.set()
        if looked[0] < 4:
            raise PermissionError("the disk is away")

    async def search(_query: Query) -> None:
        """Upkeep may try the knowledge base, which is not open here."""

    async def nothing() -> None:
        """Nor are there pages to bring in."""

    monkeypatch.setattr(runtime, "follow_agents", follow)
    monkeypatch.setattr(runtime, "follow_pages", nothing)
    monkeypatch.setattr(runtime.knowledge, "search", search)
    runtime.start_upkeep()
    async with asyncio.timeout(5):
        await often.wait()
    await runtime.stop()
    assert [record.message for record in caplog.records].count("upkeep failed") == 1


async def test_what_is_in_use_names_a_server_without_its_secrets(tmp_path: Path) -> None:
    environment = {
        "DATA_DIR": str(tmp_path),
        "REALTIME_BASE_URL": "http://me:hunter2@127.0.0.1:1/v1?api-key=hunter2",
        "OPENAI_API_KEY": "hunter2",
    }
    runtime = Runtime(load(environment), keep_history=False)
    await runtime.start()
    try:
        part = await runtime.try_conversation()
        body = json.dumps([report(runtime.health()), report([part])])
    finally:
        await runtime.stop()
    assert "http://127.0.0.1:1/v1" in body
    assert not part.ok and "Nothing answers at 127.0.0.1:1" in part.detail
    assert "hunter2" not in body


async def test_damaged_databases_are_set_aside_with_a_word_and_the_app_starts(tmp_path: Path) -> None:
    for name in ("history.db", "knowledge.db"):
        (tmp_path / name).write_bytes(b"this is no database " * 1_000)
    runtime = Runtime(load({"DATA_DIR": str(tmp_path)}))
    await runtime.start()
    try:
        parts = {part.name: part for part in runtime.health()}
        assert "was damaged" in parts["history"].detail
        assert "damaged" in parts["knowledge"].detail
        assert await runtime.history.list_conversations() == []
    finally:
        await runtime.stop()
    assert set_aside(tmp_path) == {"history", "knowledge"}


async def test_a_scenario_or_agent_that_does_not_exist_opens_nothing_and_names_those_that_do(
    tmp_path: Path,
) -> None:
    runtime = Runtime(load({"DATA_DIR": str(tmp_path)}), keep_history=False)
    await runtime.start()
    try:
        for scenario in ("../benefits", "benefits/../benefits", "/etc", "nope", ""):
            with pytest.raises(ConfigError, match="benefits"):
                await runtime.open_session(scenario)
        with pytest.raises(RealtimeAgentsError, match="medicare"):
            await runtime.open_session("benefits", "nobody")
        assert len(runtime.registry) == 0
    finally:
        await runtime.stop()


async def test_a_data_folder_that_cannot_be_made_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    runtime = Runtime(load({"DATA_DIR": str(tmp_path / "file" / "data")}))
    with pytest.raises(SettingsError, match=r"DATA_DIR: .*data cannot be made"):
        await runtime.start()
    await runtime.stop()


async def test_a_store_that_takes_no_pages_is_told_and_still_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    agents = tmp_path / "agents"
    shutil.copytree(load({}).agents_dir, agents)
    settings = load({"DATA_DIR": str(tmp_path / "data"), "AGENTS_DIR": str(agents)})
    async with Runtime.opened(settings, keep_history=False):
        pass
    page = sorted(agents.rglob("knowledge/*.md"))[0]
    page.write_text(page.read_text() + "\nOne more sentence.\n")
    real = schema.connect

    def read_only(path: Path) -> sqlite3.Connection:
        connection = real(path)
        connection.execute("pragma query_only = on")
        return connection

    monkeypatch.setattr("realtime_agents.knowledge.database.connect", read_only)
    async with Runtime.opened(settings, keep_history=False) as runtime:
        part = {part.name: part for part in runtime.health()}["knowledge"]
        assert (await runtime.knowledge.search(Query(text="Part B premium"))).hits
        await runtime.refresh()
    assert not part.ok
    assert "could not be brought up to date" in part.detail and "read-only" in part.detail
    told = [r.message for r in caplog.records if "could not be brought in" in r.message]
    assert len(told) == 1


class WarmingSpeech(ScriptedSpeech):
    """Tells when it was warmed."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = asyncio.Event()

    async def warm(self) -> None:
        await super().warm()
        self.begun.set()


CHAT = {"ENGINE_CHAT_BASE_URL": "http://127.0.0.1:1/v1", "ENGINE_CHAT_MODEL": "Tiny-1B"}


@pytest.mark.parametrize("environment", [{}, CHAT], ids=["own rules", "a chat server"])
async def test_speech_is_warmed_at_the_start_whoever_thinks_is_shown_and_closed_at_the_end(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    speech = WarmingSpeech()
    runtime = Runtime(load({"DATA_DIR": str(tmp_path), **environment}), speech=speech, keep_history=False)
    await runtime.start()
    try:
        seen = {part.name: part for part in runtime.health()}
        assert seen["speech"].implementation == "loading"
        assert next(iter(seen)) == "conversation"
        runtime.start_upkeep()
        async with asyncio.timeout(5):
            await speech.begun.wait()
        assert {part.name: part for part in runtime.health()}["speech"].implementation == "local models"
        speech.problem = "Speech is off: a file is damaged."
        assert not {part.name: part for part in runtime.health()}["speech"].ok
        assert speech.closed == 0
    finally:
        await runtime.stop()
    assert (speech.warmed, speech.closed) == (1, 1)


async def test_speech_rests_while_another_realtime_server_talks(tmp_path: Path) -> None:
    speech = WarmingSpeech()
    environment = {"DATA_DIR": str(tmp_path), "REALTIME_BASE_URL": "http://127.0.0.1:1/v1"}
    runtime = Runtime(load(environment | {"OPENAI_API_KEY": "k"}), speech=speech, keep_history=False)
    await runtime.start()
    runtime.start_upkeep()
    try:
        assert "speech" not in {part.name for part in runtime.health()}
        assert "speech" not in {part.name for part in await runtime.examine()}
    finally:
        await runtime.stop()
    assert speech.warmed == 0
