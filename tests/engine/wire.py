"""A Realtime client for tests: the openai client over loopback, every event checked by its types."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, get_args

from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

from realtime_agents.engine.config import EngineConfig
from realtime_agents.engine.dialogue.semantics import TextEmbedder
from realtime_agents.engine.server import running_engine
from realtime_agents.errors import KnowledgeError

Event = dict[str, Any]

_ORACLE: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)
_TYPES = {
    value
    for member in get_args(get_args(RealtimeServerEvent)[0])
    for value in get_args(member.model_fields["type"].annotation)
}
TIMEOUT_S = 10.0


def no_embedder() -> TextEmbedder:
    """Makes an engine compare words only: no weights needed, the same everywhere."""
    raise KnowledgeError("no embedder in this test")


def word_engine(**settings: Any) -> EngineConfig:
    return EngineConfig(embedder=no_embedder, **settings)


def check(event: Event) -> Event:
    """Fail unless the event is one of the openai client's own types, valid in all its fields."""
    assert event["type"] in _TYPES, f"unknown event type {event['type']!r}"
    assert event["event_id"]
    _ORACLE.validate_python(event)
    return event


class WireClient:
    """Sends raw events and reads checked ones."""

    def __init__(self, connection: AsyncRealtimeConnection) -> None:
        self.connection = connection
        self.seen: list[Event] = []

    async def send(self, type_: str, **fields: Any) -> None:
        await self.connection.send_raw(json.dumps({"type": type_, **fields}))

    async def receive(self) -> Event:
        async with asyncio.timeout(TIMEOUT_S):
            event: Event = json.loads(await self.connection.recv_bytes())
        self.seen.append(check(event))
        return event

    async def until(self, *types: str) -> Event:
        """The next event of one of these types."""
        while True:
            event = await self.receive()
            if event["type"] in types:
                return event

    async def error(self) -> Event:
        found: Event = (await self.until("error"))["error"]
        return found

    async def configure(self, **session: Any) -> Event:
        await self.send("session.update", session={"type": "realtime", **session})
        found: Event = (await self.until("session.updated"))["session"]
        return found

    async def add(self, item: Mapping[str, Any], **fields: Any) -> Event:
        await self.send("conversation.item.create", item=item, **fields)
        return await self.until("conversation.item.done")

    async def say(self, text: str, **fields: Any) -> Event:
        return await self.add(user(text), **fields)

    async def respond(self, **response: Any) -> Event:
        """Ask for a response and read it to its end."""
        await self.send("response.create", **({"response": response} if response else {}))
        found: Event = (await self.until("response.done"))["response"]
        return found

    async def ask(self, text: str) -> Event:
        await self.say(text)
        return await self.respond()


def user(text: str, **fields: Any) -> Event:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}], **fields}


def assistant(text: str, **fields: Any) -> Event:
    content = [{"type": "output_text", "text": text}]
    return {"type": "message", "role": "assistant", "content": content, **fields}


def function(name: str, description: str, required: bool = True, **properties: Any) -> Event:
    schema = {"type": "object", "properties": properties, "required": list(properties) if required else []}
    return {"type": "function", "name": name, "description": description, "parameters": schema}


def said(response: Event) -> str:
    """The words of a response."""
    parts = [p for item in response["output"] if item["type"] == "message" for p in item["content"]]
    return " ".join(part["text"] for part in parts)


def calls(response: Event) -> list[Event]:
    return [item for item in response["output"] if item["type"] == "function_call"]


@contextlib.asynccontextmanager
async def connected(url: str, *, model: str = "any-model", **options: Any) -> AsyncIterator[WireClient]:
    """A client of the engine at ``url``; its session has begun."""
    options = {"proxy": None, **options}
    async with (
        AsyncOpenAI(base_url=url, api_key="x") as api,
        api.realtime.connect(model=model, websocket_connection_options=options) as connection,  # type: ignore[arg-type]  # passed on as they are
    ):
        client = WireClient(connection)
        await client.until("conversation.created")
        yield client


@contextlib.asynccontextmanager
async def session(config: EngineConfig | None = None) -> AsyncIterator[WireClient]:
    """An engine of its own with one client."""
    async with running_engine(config or word_engine()) as url, connected(url) as client:
        yield client


class ManualClock:
    """Time that passes only when a test says so."""

    def __init__(self) -> None:
        self._time = 1_000.0
        self._moved = asyncio.Condition()
        self.waiting = asyncio.Event()
        """Set when somebody waits for time to pass."""

    def now(self) -> float:
        return self._time

    def monotonic(self) -> float:
        return self._time

    def skip(self, seconds: float) -> None:
        """Let time pass without waking anybody: work that took this long."""
        self._time += seconds

    async def advance(self, seconds: float) -> None:
        self._time += seconds
        self.waiting.clear()
        async with self._moved:
            self._moved.notify_all()

    async def wait(self, event: asyncio.Event, timeout_s: float) -> bool:
        deadline = self._time + timeout_s
        is_over: Callable[[], bool] = lambda: self._time >= deadline  # noqa: E731  # a name for the condition
        self.waiting.set()
        set_ = asyncio.create_task(event.wait())
        over = asyncio.create_task(self._until(is_over))
        await asyncio.wait({set_, over}, return_when=asyncio.FIRST_COMPLETED)
        for task in (set_, over):
            task.cancel()
        await asyncio.gather(set_, over, return_exceptions=True)
        return event.is_set()

    async def _until(self, is_over: Callable[[], bool]) -> None:
        async with self._moved:
            await self._moved.wait_for(is_over)
