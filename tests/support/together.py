"""Which tests of `make test` stay together in one of its processes, and what begins first.

A file is never split, as its tests may share a server or a store. The groups below are more files that share what
takes long to start: the app with its browser, Elasticsearch. They take longest, so they begin first; the page's tests
wait most of their time, so there is one process more than there are processors.
"""

from __future__ import annotations

import os
from pathlib import PurePosixPath

from xdist.scheduler import LoadFileScheduling

GROUPS = {
    "voice": ("tests/browser/test_voice_*.py",),
    "page": ("tests/browser/*.py",),
    "elasticsearch": ("tests/contract/test_*.py", "tests/test_runtime_elasticsearch.py"),
}
ALSO_LONG = ("tests/test_cli.py", "tests/servers/*.py", "tests/test_chat_bridge.py")
"""Files that begin next: a long one at the end would run alone."""
MOST_PROCESSES = 4


def group_of(nodeid: str) -> str:
    """The group of a test, or its file."""
    path = PurePosixPath(nodeid.split("::", 1)[0])
    return next((name for name, files in GROUPS.items() if any(map(path.match, files))), str(path))


def place_of(nodeid: str) -> int:
    """Tests with smaller ones begin earlier."""
    path = PurePosixPath(nodeid.split("::", 1)[0])
    first = [*(file for files in GROUPS.values() for file in files), *ALSO_LONG]
    return next((place for place, files in enumerate(first) if path.match(files)), len(first))


class Together(LoadFileScheduling):  # type: ignore[misc]  # xdist carries no types
    """Hands groups to processes, in the order of the tests."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def processes() -> int:
    return min((os.cpu_count() or 1) + 1, MOST_PROCESSES)
