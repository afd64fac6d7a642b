"""How the tests find a server: the choice of version and the words when there is none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.servers.elasticsearch import (
    ElasticsearchServer,
    Java,
    Unavailable,
    choose_version,
    fetch,
    find_java,
    skip_unless_required,
)


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("REQUIRE_ELASTICSEARCH", "ELASTICSEARCH_VERSION", "ELASTICSEARCH_JAVA_HOME", "JAVA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ELASTICSEARCH_CACHE", str(tmp_path / "cache"))


def java(tmp_path: Path, major: int, *, whole: bool = True) -> Java:
    home = tmp_path / f"java-{major}"
    (home / "bin").mkdir(parents=True, exist_ok=True)
    if whole:
        (home / "jmods").mkdir(exist_ok=True)
    return Java(home, major)


def test_the_newest_version_that_the_java_runs_is_chosen(tmp_path: Path) -> None:
    assert choose_version(java(tmp_path, 17)).startswith("8.19.")
    assert choose_version(java(tmp_path, 21)).startswith("9.")
    assert choose_version(java(tmp_path, 25, whole=False)).startswith("8.19.")
    with pytest.raises(Unavailable, match="too old"):
        choose_version(java(tmp_path, 11))


def test_a_version_may_be_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELASTICSEARCH_VERSION", "8.19.13")
    assert choose_version(java(tmp_path, 21)) == "8.19.13"
    monkeypatch.setenv("ELASTICSEARCH_VERSION", "7.0.0")
    with pytest.raises(Unavailable, match=r"8\.19\.13"):
        choose_version(java(tmp_path, 21))


def test_what_is_in_the_cache_is_not_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "cache" / "8.19.13"
    home.mkdir(parents=True)
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert fetch("8.19.13") == home


def test_without_cache_maven_or_java_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(Unavailable, match="no Maven"):
        fetch("8.19.13")
    with pytest.raises(Unavailable, match="no Java"):
        find_java()


def test_one_version_may_be_wanted_of_a_java_that_runs_it(tmp_path: Path) -> None:
    assert choose_version(java(tmp_path, 21), "8.19.13") == "8.19.13"
    with pytest.raises(Unavailable, match=r"does not run Elasticsearch 9\.4\.3"):
        choose_version(java(tmp_path, 17), "9.4.3")


def test_a_fetch_that_fails_skips_with_its_reason_or_fails_where_a_server_is_required(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maven = tmp_path / "bin" / "mvn"
    maven.parent.mkdir()
    maven.write_text("#!/bin/sh\necho 'no such artifact'; exit 1\n")
    maven.chmod(0o755)
    monkeypatch.setenv("PATH", str(maven.parent), prepend=os.pathsep)
    with pytest.raises(Unavailable, match="no such artifact") as caught:
        ElasticsearchServer().start(java(tmp_path, 17))
    with pytest.raises(pytest.skip.Exception, match="no such artifact"):
        skip_unless_required(caught.value)
    monkeypatch.setenv("REQUIRE_ELASTICSEARCH", "1")
    with pytest.raises(Unavailable, match="no such artifact"):
        skip_unless_required(caught.value)
