"""Fixtures that several areas share, and how the tests are spread over processes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.servers.elasticsearch import ElasticsearchServer, Unavailable, skip_unless_required
from tests.support import together


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    return None if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ else together.processes()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> together.Together:
    config.option.loadscopereorder = False  # the order of the tests holds
    return together.Together(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: together.place_of(item.nodeid))


@pytest.fixture(scope="session")
def elasticsearch_url() -> Iterator[str]:
    """A real Elasticsearch: the one at ``ELASTICSEARCH_URL``, or one started for this run."""
    if url := os.environ.get("ELASTICSEARCH_URL"):
        yield url
        return
    server = ElasticsearchServer()
    try:
        server.start()
    except Unavailable as reason:
        skip_unless_required(reason)
    try:
        yield server.url
    finally:
        server.stop()
