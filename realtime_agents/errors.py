"""Every error this package raises on purpose.

    RealtimeAgentsError
    ├── SettingsError            a setting is missing or has a bad value
    ├── UsageError               a command was given something it cannot use
    ├── ConfigError              an agent or scenario file is wrong (carries file and line)
    ├── ProtocolError            bytes on the wire are not a Realtime event
    ├── UpstreamError            the Realtime server refused, failed or went away
    │   ├── UpstreamRefused      the connection was never opened (bad key, no server, no access)
    │   └── UpstreamClosed       an open connection ended
    ├── ThinkingError            the engine's thinker failed to answer (carries a code of the wire)
    ├── SessionError             a session cannot do what was asked in its present state
    ├── ToolError                a tool cannot give a result; its text is told to the model
    ├── KnowledgeError           the knowledge base cannot be opened, read or written
    │   └── DocumentError        one document cannot be read; the others go on
    ├── SpeechError              something of speech recognition or speech output
    │   ├── SpeechUnavailable    a model or package of speech is missing, changed or broken
    │   └── SpeechBusy           more speech work is waiting than may wait; try again later
    └── StoreError               the history database cannot be opened, read or written

Messages say what was expected and what was found, in words a person can act on, and never
carry what somebody said or typed: they end up in logs.
"""

from __future__ import annotations


class RealtimeAgentsError(Exception):
    """Base of all errors raised by this package."""


class SettingsError(RealtimeAgentsError):
    """A setting is missing or has a bad value."""


class UsageError(RealtimeAgentsError):
    """A command was given something it cannot use; it ends with exit code 2."""


class ConfigError(RealtimeAgentsError):
    """An agent or scenario file is wrong."""

    def __init__(self, message: str, *, file: str, line: int | None = None) -> None:
        self.message = message
        self.file = file
        self.line = line
        where = f"{file}:{line}" if line is not None else file
        super().__init__(f"{where}: {message}")


class ProtocolError(RealtimeAgentsError):
    """Bytes on the wire are not a Realtime event.

    ``code`` and ``param`` follow the wire's own `error` event.
    """

    def __init__(self, message: str, *, code: str = "invalid_event", param: str | None = None) -> None:
        self.code = code
        self.param = param
        super().__init__(message)


class UpstreamError(RealtimeAgentsError):
    """The Realtime server refused, failed or went away."""

    def __init__(self, message: str, *, recoverable: bool, code: int | str | None = None) -> None:
        self.recoverable = recoverable
        self.code = code
        super().__init__(message)


class UpstreamRefused(UpstreamError):
    """The connection was never opened; ``code`` is the HTTP status where there was one."""


class UpstreamClosed(UpstreamError):
    """An open connection ended; ``code`` is the WebSocket close code."""


class ThinkingError(RealtimeAgentsError):
    """The engine's thinker failed to answer; the response ends as ``failed`` with this code and text."""

    def __init__(self, message: str, *, code: str) -> None:
        self.code = code
        super().__init__(message)


class SessionError(RealtimeAgentsError):
    """A session cannot do what was asked in its present state."""


class ToolError(RealtimeAgentsError):
    """A tool cannot give a result. The text is told to the model, so it is written for it."""


class KnowledgeError(RealtimeAgentsError):
    """The knowledge base cannot be opened, read or written."""


class DocumentError(KnowledgeError):
    """One document cannot be read; ingest reports it and goes on."""


class SpeechError(RealtimeAgentsError):
    """Something of speech recognition or speech output."""


class SpeechUnavailable(SpeechError):
    """A model or package of speech is missing, changed or broken; the text says what to reinstall."""


class SpeechBusy(SpeechError):
    """More speech work is waiting than may wait. The same request may succeed a moment later."""


class StoreError(RealtimeAgentsError):
    """The history database cannot be opened, read or written."""
