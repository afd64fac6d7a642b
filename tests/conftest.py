"""Fixtures that several areas share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.servers.elasticsearch import ElasticsearchServer, Unavailable, skip_unless_required


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that run side by side in several processes share one Elasticsearch: they stay in one of them."""
    for item in items:
        names = getattr(item, "fixturenames", ())
        if "elasticsearch" in item.nodeid or {"elasticsearch_url", "elastic_config"} & set(names):
            item.add_marker(pytest.mark.xdist_group("elasticsearch"))


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
