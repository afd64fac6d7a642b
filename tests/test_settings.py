from __future__ import annotations

import re
from pathlib import Path

import pytest

from realtime_agents import settings
from realtime_agents.errors import SettingsError


def test_with_nothing_set_everything_is_local_and_on_loopback() -> None:
    loaded = settings.load({})
    assert (loaded.host, loaded.port, loaded.uses_local_engine) == ("127.0.0.1", 8000, True)
    assert loaded.history_url.startswith("sqlite:///")


def test_a_key_or_another_server_replaces_the_local_engine() -> None:
    assert not settings.load({"OPENAI_API_KEY": "k"}).uses_local_engine
    assert not settings.load({"REALTIME_BASE_URL": "http://127.0.0.1:1/v1"}).uses_local_engine


def test_a_chat_server_thinks_for_the_local_engine_and_does_not_replace_it() -> None:
    environment = {"ENGINE_CHAT_BASE_URL": "http://127.0.0.1:11434/v1/", "ENGINE_CHAT_MODEL": "llama3.2"}
    loaded = settings.load(environment)
    assert (loaded.uses_local_engine, loaded.engine_chats) == (True, True)
    assert loaded.engine_chat_base_url == "http://127.0.0.1:11434/v1"
    assert not settings.load({}).engine_chats


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("PORT", "eight", "whole number"),
        ("PORT", "70000", "out of range"),
        ("ENGINE_WORDS_PER_S", "-1", "out of range"),
        ("REALTIME_BASE_URL", "localhost", "must be a URL"),
        ("REALTIME_BASE_URL", "http://[", "must be a URL"),
        ("LOG_LEVEL", "loud", "one of debug, info"),
        ("REALTIME_BASE_URL", "localhost:8000/v1", "must be a URL"),
        ("REALTIME_BASE_URL", "http://", "must be a URL"),
        ("ENGINE_CHAT_BASE_URL", "localhost:11434/v1", "must be a URL"),
        ("ENGINE_CHAT_BASE_URL", "http://host:eleven/v1", "must be a URL"),
        ("ENGINE_CHAT_BASE_URL", "ws://host/v1", "must be a URL"),
        ("ENGINE_CHAT_BASE_URL", "http://127.0.0.1:11434/v1", "ENGINE_CHAT_MODEL is needed"),
        ("ENGINE_CHAT_MODEL", "llama3.2", "needs ENGINE_CHAT_BASE_URL"),
    ],
)
def test_a_bad_value_names_the_variable_and_what_was_expected(name: str, value: str, expected: str) -> None:
    with pytest.raises(SettingsError, match=expected) as caught:
        settings.load({name: value})
    assert name in str(caught.value)


def test_secrets_are_not_shown_in_the_representation() -> None:
    environment = {
        "OPENAI_API_KEY": "hunter2",
        "DATABASE_URL": "postgresql://me:hunter2@host/name?password=hunter2",
        "REALTIME_BASE_URL": "https://me:hunter2@host/v1?api-key=hunter2",
        "ENGINE_CHAT_BASE_URL": "https://me:hunter2@chat.host/v1?api-key=hunter2",
        "ENGINE_CHAT_API_KEY": "hunter2",
        "ENGINE_CHAT_MODEL": "llama3.2",
    }
    shown = repr(settings.load(environment))
    assert "hunter2" not in shown
    assert "postgresql://host/name" in shown and "https://host/v1" in shown
    assert "https://chat.host/v1" in shown


def test_a_key_pasted_into_the_wrong_variable_is_not_repeated() -> None:
    with pytest.raises(SettingsError) as caught:
        settings.load({"REALTIME_BASE_URL": "sk-hunter2"})
    assert "hunter2" not in str(caught.value)


def test_an_address_is_shown_as_it_is_apart_from_secrets() -> None:
    for url in ("sqlite:////abs/x.db", "sqlite:///x.db", "http://[::1]:1/v1", ""):
        assert settings.without_secrets(url) == url
    assert settings.without_secrets("https://me:p@ss?w@host/v1#x") == "https://host/v1"


def test_paths_are_relative_to_the_project_and_lists_are_split() -> None:
    loaded = settings.load({"DATA_DIR": "here", "ALLOWED_ORIGINS": "https://a.example, https://b.example"})
    assert loaded.data_dir == settings.ROOT / "here"
    assert loaded.allowed_origins == ("https://a.example", "https://b.example")
    assert settings.load({"DATA_DIR": "/abs"}).data_dir == Path("/abs")


def test_every_setting_stands_in_the_readme_with_its_default() -> None:
    readme = (settings.ROOT / "README.md").read_text()
    for row in settings.TABLE:
        line = next((line for line in readme.splitlines() if line.startswith(f"| `{row.name}`")), None)
        assert line is not None, f"README.md has no row for {row.name}"
        assert row.default in line
        assert row.help in line


def test_every_setting_of_the_readme_exists() -> None:
    readme = (settings.ROOT / "README.md").read_text()
    listed = re.findall(r"^\| `([A-Z_]+)` \|", readme, flags=re.MULTILINE)
    assert listed == [row.name for row in settings.TABLE]
    # What is written as an environment variable elsewhere on the page exists too.
    assert set(re.findall(r"\b([A-Z][A-Z_]{3,})=", readme)) <= set(listed)
