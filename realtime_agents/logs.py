"""How the server writes its log: one line per record with its values, and nothing that was said.

The text of an unexpected exception may carry what somebody typed (``invalid literal … '…'``), so
of a foreign exception only type and place are written. Our own errors never carry such words.
"""

from __future__ import annotations

import logging
import traceback
from types import TracebackType

from realtime_agents.errors import RealtimeAgentsError

_NOISY = ("elastic_transport", "httpx", "httpx2", "websockets", "alembic", "uvicorn.error")
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_MAX_CAUSES = 5


def configure(level: str) -> None:
    """Write to standard error from ``level`` (a name such as ``info``) on."""
    handler = logging.StreamHandler()
    handler.setFormatter(Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(shorten_traceback_text)
    logging.basicConfig(level=level.upper(), handlers=[handler])
    for noisy in _NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)


class Formatter(logging.Formatter):
    """Adds the values given as ``extra``; leaves the words of foreign exceptions out."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        values = (f" {k}={v!r}" for k, v in vars(record).items() if k not in _USUAL)
        return super().formatMessage(record) + "".join(values)

    def formatException(
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        lines: list[str] = []
        error = ei[1]
        for _ in range(_MAX_CAUSES):
            if error is None:
                break
            lines += ["caused by\n"] if lines else []
            lines += [*traceback.format_tb(error.__traceback__), f"{_words(error)}\n"]
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "".join(lines).rstrip()


def shorten_traceback_text(record: logging.LogRecord) -> bool:
    """A filter for servers that log the text of a traceback, as at a start that failed.

    One of our errors says all there is to know; of a foreign one the words are taken out.
    """
    text = record.getMessage()
    if text.startswith("Traceback "):
        lines = text.rstrip().splitlines()
        kind, _, words = lines[-1].partition(": ")
        is_ours = kind.startswith(f"{RealtimeAgentsError.__module__}.")
        kept = (line if line.startswith(" ") else line.partition(":")[0] for line in lines)
        record.msg, record.args = "%s", (words if is_ours else "\n".join(kept),)
    return True


def _words(error: BaseException) -> str:
    kind = type(error).__qualname__
    return f"{kind}: {error}" if isinstance(error, RealtimeAgentsError) else kind
