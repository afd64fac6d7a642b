"""The tests that need a server, with every server and client that is supported.

    python -m tests.servers.matrix                                  all of them
    python -m tests.servers.matrix --server 9.4.3 --client 8.19.3   one

Each server is fetched once (tests/servers/elasticsearch.py) and needs a Java that runs it: the one in
``ELASTICSEARCH_JAVA_HOME`` or ``JAVA_HOME``, the one on the path, or one below ``/usr/lib/jvm``. A client other
than the installed one goes into a folder of its own that is deleted afterwards. Exit code 1 when tests fail
or a server cannot be had.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import version as installed
from pathlib import Path

from tests.servers.elasticsearch import (
    ARTIFACTS,
    ElasticsearchServer,
    Java,
    Unavailable,
    choose_version,
    find_java,
    java_at,
)

CLIENTS = (installed("elasticsearch"), "8.19.3")
MACHINE_JAVAS = Path("/usr/lib/jvm")
TESTED = (
    "tests/contract/test_knowledge_base.py",
    "tests/contract/test_stores_agree.py",
    "tests/contract/test_elasticsearch_indices.py",
    "tests/knowledge/test_elastic_faults.py",
)
CHOSEN = "not embedded"
INSTALL_LIMIT_S = 300
TESTS_LIMIT_S = 1_800


def java_for(server: str) -> Java:
    """A Java that runs this server. Raises `Unavailable`."""
    found: list[Java] = []
    for look in (find_java, *(lambda home=home: java_at(home) for home in sorted(MACHINE_JAVAS.glob("*")))):
        try:
            found.append(look())
        except Unavailable:
            continue
    for java in found:
        try:
            if choose_version(java, server) == server:
                return java
        except Unavailable:
            continue
    there = ", ".join(str(java.major) for java in found) or "none"
    raise Unavailable(f"Elasticsearch {server} needs Java {ARTIFACTS[server].java}; here is {there}")


def install(client: str, folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps"]
    command += ["--target", str(folder), f"elasticsearch=={client}", f"elastic-transport>={client[0]},<9"]
    subprocess.run(command, check=True, timeout=INSTALL_LIMIT_S)


def tested(url: str, packages: Path | None) -> bool:
    """True when all tests passed."""
    path = os.pathsep.join(str(part) for part in (packages, os.environ.get("PYTHONPATH")) if part)
    environment = {**os.environ, "ELASTICSEARCH_URL": url, "REQUIRE_ELASTICSEARCH": "1", "PYTHONPATH": path}
    # An older client warns of things that the newer one does not.
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTED, "-k", CHOSEN]
    return subprocess.run(command, env=environment, check=False, timeout=TESTS_LIMIT_S).returncode == 0


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--server", action="append", choices=tuple(ARTIFACTS))
    parser.add_argument("--client", action="append", metavar="VERSION")
    chosen = parser.parse_args(arguments)
    results: list[tuple[str, str]] = []
    for name in chosen.server or ARTIFACTS:
        server = ElasticsearchServer(version=name)
        try:
            server.start(java_for(name))
            for client in chosen.client or CLIENTS:
                print(f"\n== server {name}, client {client}", flush=True)
                with tempfile.TemporaryDirectory(prefix="client-") as folder:
                    own = Path(folder) if client != installed("elasticsearch") else None
                    if own is not None:
                        install(client, own)
                    results.append(
                        (f"server {name}, client {client}", "ok" if tested(server.url, own) else "FAILED")
                    )
        except Unavailable as reason:
            results.append((f"server {name}", f"not tested: {reason}"))
        finally:
            server.stop()
    print()
    for what, result in results:
        print(f"{what}: {result}")
    return 0 if all(result == "ok" for _, result in results) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
