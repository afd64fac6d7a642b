"""Fixtures that several areas share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.servers.elasticsearch import ElasticsearchServer, Unavailable, skip_unless_required


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
