"""The settings table: every environment variable the app reads, in one place, read once.

Each row gives name, default, kind and help; the README table is tested against it.
A bad value raises `SettingsError` with the variable's name and what was expected.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from realtime_agents.errors import SettingsError

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table."""

    name: str
    field: str
    default: str
    kind: str
    """One of: text, secret, url, url:http|https (only these schemes), path, list, int, float, choice:a|b."""
    help: str


TABLE: tuple[Setting, ...] = (
    Setting(
        "HOST",
        "host",
        "127.0.0.1",
        "text",
        "Address to listen on. Anything but loopback opens the app to your network.",
    ),
    Setting("PORT", "port", "8000", "int", "Port of the page, the API and the local engine."),
    Setting(
        "ALLOWED_ORIGINS",
        "allowed_origins",
        "",
        "list",
        "Other origins whose pages may use this server, separated by commas.",
    ),
    Setting("DATA_DIR", "data_dir", ".data", "path", "Folder for the history and knowledge databases."),
    Setting("AGENTS_DIR", "agents_dir", "agent_configs", "path", "Folder with one sub-folder per scenario."),
    Setting("SCENARIO", "scenario", "benefits", "text", "Scenario that is open when the page loads."),
    Setting(
        "OPENAI_API_KEY",
        "openai_api_key",
        "",
        "secret",
        "Talk to OpenAI Realtime instead of the local engine.",
    ),
    Setting(
        "REALTIME_BASE_URL",
        "realtime_base_url",
        "",
        "url:http|https|ws|wss",
        "Any Realtime-compatible server, for example https://host/v1.",
    ),
    Setting(
        "REALTIME_MODEL",
        "realtime_model",
        "gpt-realtime-2.1",
        "text",
        "Model name sent to OpenAI or to REALTIME_BASE_URL.",
    ),
    Setting(
        "ENGINE_CHAT_BASE_URL",
        "engine_chat_base_url",
        "",
        "url:http|https",
        "OpenAI-compatible chat server that does the local engine's thinking, for example http://127.0.0.1:11434/v1.",
    ),
    Setting(
        "ENGINE_CHAT_API_KEY",
        "engine_chat_api_key",
        "",
        "secret",
        "Key for ENGINE_CHAT_BASE_URL; most local servers need none.",
    ),
    Setting(
        "ENGINE_CHAT_MODEL",
        "engine_chat_model",
        "",
        "text",
        "Model at ENGINE_CHAT_BASE_URL; it must be able to call tools.",
    ),
    Setting(
        "ELASTICSEARCH_URL",
        "elasticsearch_url",
        "",
        "url",
        "Keep the knowledge base in this Elasticsearch (8.19 or newer), for example https://host:9200.",
    ),
    Setting("ELASTICSEARCH_API_KEY", "elasticsearch_api_key", "", "secret", "API key for it (encoded)."),
    Setting(
        "ELASTICSEARCH_USERNAME", "elasticsearch_username", "", "text", "User for it, instead of an API key."
    ),
    Setting("ELASTICSEARCH_PASSWORD", "elasticsearch_password", "", "secret", "Password of that user."),
    Setting(
        "ELASTICSEARCH_CA_CERTS",
        "elasticsearch_ca_certs",
        "",
        "text",
        "File with the authority that signed its certificate, when the system does not know it.",
    ),
    Setting(
        "ELASTICSEARCH_INDEX",
        "elasticsearch_index",
        "realtime-agents",
        "text",
        "Names of all indices, aliases and templates there begin with this.",
    ),
    Setting(
        "KNOWLEDGE_VECTOR_WEIGHT",
        "knowledge_vector_weight",
        "0.9",
        "float",
        "Weight of meaning against words when passages are ranked, 0 to 1.",
    ),
    Setting(
        "KNOWLEDGE_RERANK",
        "knowledge_rerank",
        "0",
        "int",
        "So many first passages are read again by a cross-encoder (30 ms each); 0 is off.",
    ),
    Setting(
        "TRANSCRIPTION_MODEL",
        "transcription_model",
        "gpt-transcribe",
        "text",
        "Model that writes down what people say, where the Realtime server is not the local engine.",
    ),
    Setting("DATABASE_URL", "database_url", "", "url", "History database; empty means SQLite in DATA_DIR."),
    Setting(
        "ENGINE_WORDS_PER_S",
        "engine_words_per_s",
        "14",
        "float",
        "Pace of the local engine's answers in words per second; 0 is as fast as possible.",
    ),
    Setting("LOG_LEVEL", "log_level", "info", "choice:debug|info|warning|error", "How much the server logs."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The effective settings of one process. Build with `load`."""

    host: str
    port: int
    allowed_origins: tuple[str, ...]
    data_dir: Path
    agents_dir: Path
    scenario: str
    openai_api_key: str
    realtime_base_url: str
    realtime_model: str
    transcription_model: str
    engine_chat_base_url: str
    engine_chat_api_key: str
    engine_chat_model: str
    elasticsearch_url: str
    elasticsearch_api_key: str
    elasticsearch_username: str
    elasticsearch_password: str
    elasticsearch_ca_certs: str
    elasticsearch_index: str
    knowledge_vector_weight: float
    knowledge_rerank: int
    database_url: str
    engine_words_per_s: float
    log_level: str

    @property
    def uses_local_engine(self) -> bool:
        """True when no key and no other Realtime server is configured."""
        return not self.openai_api_key and not self.realtime_base_url

    @property
    def engine_chats(self) -> bool:
        """True when a chat server does the thinking of the local engine."""
        return bool(self.engine_chat_base_url)

    @property
    def knowledge_path(self) -> Path:
        return self.data_dir / "knowledge.db"

    @property
    def history_url(self) -> str:
        """SQLAlchemy URL of the history database."""
        return self.database_url or f"sqlite:///{self.data_dir / 'history.db'}"

    def shown(self, row: Setting) -> str:
        """The value in force as it may be shown: a secret never, a URL without user, password and query."""
        value = getattr(self, row.field)
        match row.kind.partition(":")[0]:
            case "secret":
                return "***" if value else ""
            case "url":
                return without_secrets(value)
            case "list":
                return ", ".join(value)
            case _:
                return str(value)

    def __repr__(self) -> str:
        return f"Settings({', '.join(f'{row.field}={self.shown(row)!r}' for row in TABLE)})"


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the environment once. Raises `SettingsError` naming the variable that is wrong."""
    env = os.environ if environ is None else environ
    loaded = Settings(**{s.field: _parse(s, env.get(s.name, "").strip() or s.default) for s in TABLE})
    if loaded.engine_chat_base_url and not loaded.engine_chat_model:
        raise SettingsError(
            "ENGINE_CHAT_MODEL is needed with ENGINE_CHAT_BASE_URL: the name of a model there, for example llama3.2"
        )
    if loaded.engine_chat_model and not loaded.engine_chat_base_url:
        raise SettingsError(
            "ENGINE_CHAT_MODEL needs ENGINE_CHAT_BASE_URL: the address of a chat server, for example "
            "http://127.0.0.1:11434/v1"
        )
    return loaded


def without_secrets(url: str) -> str:
    """A URL as it may be shown and logged: without user, password, query and fragment."""
    return re.split(r"[?#]", re.sub(r"(?<=://)[^/]*@", "", url), maxsplit=1)[0]


def _parse(setting: Setting, raw: str) -> Any:
    kind, _, detail = setting.kind.partition(":")
    match kind:
        case "int":
            return _number(setting, raw, int, "a whole number")
        case "float":
            return _number(setting, raw, float, "a number")
        case "path":
            path = Path(raw).expanduser()
            return path if path.is_absolute() else ROOT / path
        case "url":
            if raw and not _is_url(raw, detail):
                # What was found is not told: a key pasted into the wrong variable ends up here.
                raise SettingsError(f"{setting.name} must be a URL such as https://host/v1")
            return raw.rstrip("/")
        case "list":
            return tuple(part.strip() for part in raw.split(",") if part.strip())
        case "choice":
            if raw not in detail.split("|"):
                raise SettingsError(
                    f"{setting.name} must be one of {detail.replace('|', ', ')}, found {raw!r}"
                )
            return raw
        case _:
            return raw


def _is_url(text: str, schemes: str) -> bool:
    """True for a URL; with ``schemes`` (``http|https``) for one of these, with a host and a port that is one."""
    try:
        parts = urlsplit(text)
        if not schemes:
            return bool(parts.scheme)
        return parts.scheme in schemes.split("|") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _number(setting: Setting, raw: str, make: type[int] | type[float], what: str) -> int | float:
    try:
        value = make(raw)
    except ValueError:
        raise SettingsError(f"{setting.name} must be {what}, found {raw!r}") from None
    too_big = setting.field == "knowledge_vector_weight" and value > 1
    if value < 0 or too_big or (setting.field == "port" and not 0 < value < 65536):
        raise SettingsError(f"{setting.name} is out of range: {raw!r}")
    return value
