"""The settings as the local engine understands them, and what the app says about who is talking."""

from __future__ import annotations

from realtime_agents.engine.chat.config import ChatConfig
from realtime_agents.engine.config import EngineConfig
from realtime_agents.engine.speech.kit import SpeechKit
from realtime_agents.health import Part
from realtime_agents.settings import Settings, without_secrets

RULES = "Fixed rules and a small embedding model in this process; not a large language model."


def chat_config(settings: Settings) -> ChatConfig | None:
    """The chat server that does the engine's thinking, if one is set."""
    if not settings.engine_chats:
        return None
    return ChatConfig(
        base_url=settings.engine_chat_base_url,
        api_key=settings.engine_chat_api_key,
        model=settings.engine_chat_model,
    )


def engine_config(settings: Settings, *, paced: bool = True, speaks: bool = False) -> EngineConfig:
    """The engine's configuration.

    ``paced``: at reading pace, unless a chat server sets its own. ``speaks``: with ears and a
    voice; their models are loaded later, with the first connection.
    """
    chat = chat_config(settings)
    pace = settings.engine_words_per_s if paced and chat is None else 0.0
    return EngineConfig(words_per_s=pace, chat=chat, speech=SpeechKit() if speaks else None)


def conversation_part(settings: Settings) -> Part:
    """Who talks: the local engine, by its own rules or with a chat server, or another Realtime server."""
    chat = chat_config(settings)
    if settings.uses_local_engine and chat is None:
        return Part(name="conversation", implementation="local engine", ok=True, detail=RULES)
    if settings.uses_local_engine and chat is not None:
        return Part(
            name="conversation",
            implementation=f"local engine · {chat.model} at {chat.host}",
            ok=True,
            detail=f"The thinking is done at {without_secrets(chat.base_url)}: what is asked and what tools return goes there.",
            embedded=False,
        )
    where = without_secrets(settings.realtime_base_url) or "OpenAI"
    detail = f"{settings.realtime_model} at {where}"
    if chat is not None:
        other = "REALTIME_BASE_URL" if settings.realtime_base_url else "OPENAI_API_KEY"
        detail += f"; ENGINE_CHAT_BASE_URL is not used, because {other} is set"
    return Part(
        name="conversation",
        implementation="realtime server" if settings.realtime_base_url else "openai",
        ok=True,
        detail=detail,
        embedded=False,
    )


def model_name(settings: Settings) -> str:
    """Name of the model as usage records carry it."""
    if not settings.uses_local_engine:
        return settings.realtime_model
    return settings.engine_chat_model if settings.engine_chats else "local-engine"
