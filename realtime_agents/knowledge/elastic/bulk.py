"""Bulk writing: pieces of bounded size, what the server had no room for is sent again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from elastic_transport import ConnectionError, ConnectionTimeout
from elasticsearch import ApiError, AsyncElasticsearch

from realtime_agents.errors import KnowledgeError
from realtime_agents.knowledge.elastic.client import RETRIED, error_type, plainly, read_only
from realtime_agents.knowledge.elastic.config import ElasticConfig

MAX_ACTIONS = 500
MAX_BYTES = 5_000_000
"""Of one request, about; the server's own limit is 100 MB."""
ATTEMPTS = 6
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 8.0

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One change. ``source`` is ``None`` to delete."""

    index: str
    id: str
    source: Mapping[str, Any] | None

    def lines(self) -> list[Mapping[str, Any]]:
        head = {"_index": self.index, "_id": self.id}
        return [{"delete": head}] if self.source is None else [{"index": head}, self.source]


@dataclass(frozen=True, slots=True)
class Bulk:
    """Sends actions. ``sleep`` is where a test stands in for the time between attempts."""

    client: AsyncElasticsearch
    config: ElasticConfig
    sleep: Sleep = field(default=asyncio.sleep)
    through_alias: bool = False
    """True where names are aliases: an alias that is gone must not become an index by being written to."""

    async def send(self, actions: Sequence[Action]) -> dict[str, str]:
        """Returns ids that the server refused for good, and why.

        Raises `KnowledgeError` when it had no room or no answer after several attempts: what was
        taken until then stays.
        """
        refused: dict[str, str] = {}
        for piece in _pieces(actions):
            await self._piece(piece, refused)
        return refused

    async def _piece(self, piece: Sequence[Action], refused: dict[str, str]) -> None:
        waiting = list(piece)
        for attempt in range(ATTEMPTS):
            if attempt:
                await self.sleep(min(FIRST_PAUSE_S * 2 ** (attempt - 1), LONGEST_PAUSE_S))
            last = attempt == ATTEMPTS - 1
            waiting = await self._attempt(waiting, refused, last=last)
            if not waiting:
                return
        raise KnowledgeError(
            f"Elasticsearch at {self.config.place} had no room for {len(waiting)} of {len(piece)} changes"
            f" after {ATTEMPTS} attempts. What it took stays; run the same again later to go on from there."
        )

    async def _attempt(
        self, actions: Sequence[Action], refused: dict[str, str], *, last: bool
    ) -> list[Action]:
        """One request; returns what is to be sent again."""
        lines = [line for action in actions for line in action.lines()]
        # Attempts are counted here, so that a request is not repeated on two levels.
        client = self.client.options(max_retries=0)
        with plainly(self.config):
            try:
                answer = await client.bulk(operations=lines, require_alias=self.through_alias or None)
            except (ConnectionError, ConnectionTimeout, ApiError) as error:
                passing = not isinstance(error, ApiError) or error.status_code in RETRIED
                if last or not passing:
                    raise
                return list(actions)
        again: list[Action] = []
        for action, item in zip(actions, answer["items"], strict=True):
            result = next(iter(item.values()))
            status = int(result.get("status", 500))
            if error_type(result) == "cluster_block_exception":
                raise KnowledgeError(read_only(self.config))
            if status in RETRIED:
                again.append(action)
            elif status >= 400 and not (action.source is None and status == 404):
                refused[action.id] = str(result.get("error", {}).get("type", status))
        return again


def _pieces(actions: Sequence[Action]) -> Iterator[Sequence[Action]]:
    piece: list[Action] = []
    size = 0
    for action in actions:
        length = len(json.dumps(action.source, default=str)) if action.source else 100
        if piece and (len(piece) >= MAX_ACTIONS or size + length > MAX_BYTES):
            yield piece
            piece, size = [], 0
        piece.append(action)
        size += length
    if piece:
        yield piece
