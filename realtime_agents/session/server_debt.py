"""The response that a server begins by itself when speech has ended: owed, and perhaps not wanted any more."""

from __future__ import annotations

from realtime_agents.protocol.commands import ResponseParams
from realtime_agents.protocol.items import Response


class ServerDebt:
    """No server says whose a response is. This keeps what can be known. Synchronous."""

    def __init__(self) -> None:
        self.is_owed = False
        """The server will begin a response to what was just said."""
        self._is_declined = False
        self._refused: set[str] = set()
        """Responses that were told to stop when they began."""

    def owe(self) -> None:
        """A turn ended that the server answers by itself."""
        self.is_owed, self._is_declined = True, False

    def decline(self) -> None:
        """If a response is still owed, it is not wanted: the person has gone on to something else."""
        self._is_declined = self.is_owed

    def forget(self) -> None:
        """Nothing is owed any more."""
        self.is_owed = self._is_declined = False

    def on_lost(self) -> None:
        """The connection is gone, and what ran on it."""
        self.forget()
        self._refused.clear()

    def refuses(self, response: Response, params: ResponseParams | None) -> bool:
        """A response began: whether it is to be stopped. ``params``: of what we asked for last ourselves.

        Metadata prove that it is ours; without them it is taken for the server's, and `was_refused`
        tells when it ends, so that ours can be asked for again.
        """
        is_ours = bool(params and params.metadata and params.metadata == response.metadata)
        is_refused = self._is_declined and not is_ours
        self.forget()
        if is_refused:
            self._refused.add(response.id)
        return is_refused

    def was_refused(self, response: Response) -> bool:
        """A response ended: whether it had been stopped when it began."""
        if response.id not in self._refused:
            return False
        self._refused.discard(response.id)
        return True
