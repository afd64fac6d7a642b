"""Where the parts of a session put commands, whatever connection there is at the moment."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import replace

from realtime_agents.protocol.commands import ClientEvent

Send = Callable[[ClientEvent], None]


class Outbox:
    """Gives every command an event id and passes it to the open connection, in order.

    While there is no connection commands are dropped: a new one is told the whole state when it
    opens.
    """

    def __init__(self, on_sent: Send) -> None:
        """``on_sent`` sees every command that was passed on."""
        self._on_sent = on_sent
        self._send: Send | None = None
        self._numbers = itertools.count(1)
        self.connections = 0
        """How many connections there have been: an item created on an earlier one is not known."""

    @property
    def is_open(self) -> bool:
        return self._send is not None

    def attach(self, send: Send) -> None:
        """A connection is open."""
        self._send = send
        self.connections += 1

    def detach(self) -> None:
        """The connection is gone."""
        self._send = None

    def new_event_id(self) -> str:
        return f"client_{next(self._numbers)}"

    def send(self, *commands: ClientEvent) -> None:
        """Pass commands on; those without an event id get one."""
        self.send_all(commands)

    def send_all(self, commands: Iterable[ClientEvent]) -> None:
        """Like `send`."""
        for command in commands:
            if self._send is None:
                return
            named = command if command.event_id else replace(command, event_id=self.new_event_id())
            self._send(named)
            self._on_sent(named)
