"""Thinking by a chat-completions server, through the openai client."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from openai import (
    APIConnectionError,
    APITimeoutError,
    AsyncOpenAI,
    AsyncStream,
    DefaultAsyncHttpxClient,
    Timeout,
)
from openai.types.chat import ChatCompletionChunk

from realtime_agents.engine.chat.assembly import Assembly
from realtime_agents.engine.chat.config import ChatConfig
from realtime_agents.engine.chat.faults import failure_of, late
from realtime_agents.engine.chat.messages import chat_request
from realtime_agents.engine.dialogue.view import DialogueContext
from realtime_agents.engine.thought import Thoughts
from realtime_agents.errors import ThinkingError

log = logging.getLogger(__name__)

_Chunk = Mapping[str, Any]


class ChatThinker:
    """Asks one server for every response of an engine.

    =========== ================= ==========================================
    owned       opened by         closed by
    =========== ================= ==========================================
    HTTP client the first request `close`
    stream      `think`           its end, closing or cancelling of `think`
    =========== ================= ==========================================
    """

    def __init__(self, config: ChatConfig) -> None:
        self._config = config
        self._client: AsyncOpenAI | None = None
        self._making = asyncio.Lock()

    async def think(self, context: DialogueContext) -> Thoughts:
        """The thoughts of one response as the server streams them. Raises `ThinkingError`."""
        assembly = Assembly(self._config.host, parallel_calls=context.parallel_tool_calls)
        async with aclosing(self._chunks(chat_request(context, self._config), assembly)) as chunks:
            async for chunk in chunks:
                if (words := assembly.add(chunk)) is not None:
                    yield words
        for thought in assembly.finish():
            yield thought

    async def warm(self) -> None:
        """Make the client, off the loop: its TLS set-up takes a moment."""
        await self._ready()

    async def close(self) -> None:
        """End the client; safe to call twice."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _chunks(self, request: dict[str, Any], assembly: Assembly) -> AsyncGenerator[_Chunk, None]:
        """Chunks until the stream ends. Every way to fail becomes a `ThinkingError`."""
        stream: AsyncStream[ChatCompletionChunk] | None = None
        patience = _Patience(self._config, assembly)
        try:
            async with patience.limit():
                stream = await self._open(request)
            iterator = aiter(stream)
            while True:
                async with patience.limit():
                    chunk = await anext(iterator, None)
                if chunk is None:
                    return
                yield chunk.to_dict(warnings=False)
        except TimeoutError:
            if not assembly.has_ended:
                raise self._told(late(self._config, patience.limit_s)) from None
        except Exception as error:  # the border to somebody else's server: anything may come
            raise self._told(failure_of(error, self._config, begun=stream is not None), error) from error
        finally:
            if stream is not None:
                await stream.close()

    async def _open(self, request: dict[str, Any]) -> AsyncStream[ChatCompletionChunk]:
        """Send the request; once more where a kept connection turns out to be closed."""
        client = await self._ready()
        try:
            return await _send(client, request)
        except APITimeoutError:
            raise
        except APIConnectionError:
            return await _send(client, request)

    async def _ready(self) -> AsyncOpenAI:
        async with self._making:
            if self._client is None:
                self._client = await asyncio.to_thread(self._make_client)
            return self._client

    def _make_client(self) -> AsyncOpenAI:
        config = self._config
        timeout = Timeout(config.answer_s, connect=config.connect_s)
        return AsyncOpenAI(
            base_url=config.base_url,
            # Local servers need no key, the client insists on one.
            api_key=config.api_key or "none",
            max_retries=0,
            timeout=timeout,
            http_client=DefaultAsyncHttpxClient(timeout=timeout, trust_env=not config.is_loopback),
        )

    def _told(self, failure: ThinkingError, error: Exception | None = None) -> ThinkingError:
        cause = type(error).__name__ if error is not None else ""
        log.info("the chat server gave no answer", extra={"code": failure.code, "error": cause})
        return failure


class _Patience:
    """How long the next piece may take: until the first word, in the middle, after the end."""

    def __init__(self, config: ChatConfig, assembly: Assembly) -> None:
        self._config = config
        self._assembly = assembly
        self._began = asyncio.get_running_loop().time()
        self.limit_s = config.first_word_s
        """The limit that applied last."""

    def limit(self) -> asyncio.Timeout:
        """Bounds the wait for the next piece."""
        config, assembly = self._config, self._assembly
        now = asyncio.get_running_loop().time()
        if assembly.has_ended:
            return asyncio.timeout(config.tail_s)
        if not assembly.has_begun:
            self.limit_s = config.first_word_s
            return asyncio.timeout_at(self._began + config.first_word_s)
        over_at = self._began + config.answer_s
        self.limit_s = config.pause_s if now + config.pause_s < over_at else config.answer_s
        return asyncio.timeout_at(min(now + config.pause_s, over_at))


async def _send(client: AsyncOpenAI, request: dict[str, Any]) -> AsyncStream[ChatCompletionChunk]:
    found: AsyncStream[ChatCompletionChunk] = await client.chat.completions.create(**request)
    return found
