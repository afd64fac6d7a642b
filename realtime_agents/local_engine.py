"""The settings as the local engine understands them, and what the app says about who is talking."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from realtime_agents.engine.chat.config import ChatConfig
from realtime_agents.engine.config import EngineConfig
from realtime_agents.engine.speech_port import Speech
from realtime_agents.errors import SpeechError
from realtime_agents.health import Part
from realtime_agents.settings import Settings, without_secrets

RULES = "Fixed rules and a small embedding model in this process; not a large language model."
SPEECH_LIMIT_S = 60.0
_MODELS = "Silero, Moonshine and hibari in this process; English only."
_IN_TEXT = "Conversations go on in text."
_SENTENCE = "How much is it?"


def chat_config(settings: Settings) -> ChatConfig | None:
    """The chat server that does the engine's thinking, if one is set."""
    if not settings.engine_chats:
        return None
    return ChatConfig(
        base_url=settings.engine_chat_base_url,
        api_key=settings.engine_chat_api_key,
        model=settings.engine_chat_model,
    )


def engine_config(settings: Settings, *, paced: bool = True, speech: Speech | None = None) -> EngineConfig:
    """The engine's configuration; ``paced``: at reading pace, unless a chat server sets its own."""
    chat = chat_config(settings)
    pace = settings.engine_words_per_s if paced and chat is None else 0.0
    return EngineConfig(words_per_s=pace, chat=chat, speech=speech)


def speech_part(speech: Speech) -> Part:
    """Ears and mouth of the local engine, as far as they were loaded."""
    if speech.problem:
        return Part(name="speech", implementation="off", ok=False, detail=f"{speech.problem} {_IN_TEXT}")
    if speech.is_ready:
        detail = " ".join(filter(None, (_MODELS, speech.notice)))
        return Part(name="speech", implementation="local models", ok=True, detail=detail)
    return Part(
        name="speech", implementation="loading", ok=True, detail="The speech models are being loaded."
    )


async def try_speech(speech: Speech, *, limit_s: float = SPEECH_LIMIT_S) -> Part:
    """Load ears and mouth and let them hear themselves say a sentence: for ``doctor``."""
    try:
        async with asyncio.timeout(limit_s):
            if not await speech.ready():
                return speech_part(speech)
            pcm = b"".join([sentence.pcm async for sentence in speech.speak(_SENTENCE)])
            heard = (await speech.transcribe_pcm24k(pcm)).text
    except TimeoutError:
        problem = (
            f"said and heard no sentence within {limit_s:g} s; this machine is too slow, or too busy now"
        )
    except SpeechError as error:
        problem = f"a sentence could not be said and heard: {error}"
    else:
        if _words(heard) & _words(_SENTENCE):
            return speech_part(speech)
        problem = f"it said “{_SENTENCE}” and heard “{heard}”"
    return replace(speech_part(speech), ok=False, detail=f"Speech does not work: {problem}.")


def _words(text: str) -> set[str]:
    return {word.strip(".,?!") for word in text.lower().split()}


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
