"""A real server that asks who we are, over TLS with a certificate that no system knows."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from realtime_agents.errors import KnowledgeError
from realtime_agents.knowledge.elastic.client import make_client
from realtime_agents.knowledge.elastic.config import ElasticConfig
from realtime_agents.knowledge.elastic.store import ElasticKnowledgeBase
from realtime_agents.knowledge.port import Document, Query
from tests.knowledge.fakes import HashEmbedder
from tests.servers.elasticsearch import ElasticsearchServer, Lock, Unavailable, skip_unless_required

PAGE = Document(id="flag", title="Burial flags", collection="va", text="A flag drapes the casket.")


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ElasticConfig]:
    """A user who may do everything."""
    if shutil.which("openssl") is None:
        skip_unless_required(Unavailable("there is no openssl to make a certificate with"))
    lock = _lock(tmp_path_factory.mktemp("certificate"))
    server = ElasticsearchServer(lock)
    try:
        server.start()
    except Unavailable as reason:
        skip_unless_required(reason)
    try:
        yield ElasticConfig(
            url=server.url,
            username=lock.username,
            password=lock.password,
            ca_certs=str(lock.authority),
            prefix="locked",
        )
    finally:
        server.stop()


def _lock(folder: Path) -> Lock:
    certificate, key = folder / "http.crt", folder / "http.key"
    subject = ["-subj", "/CN=tests", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return Lock(
        username="tester", password="long enough", certificate=certificate, key=key, authority=certificate
    )


async def works(config: ElasticConfig) -> None:
    kb = ElasticKnowledgeBase(config, HashEmbedder)
    try:
        await kb.upsert([PAGE])
        assert (await kb.search(Query(text="casket"))).hits
        assert (await kb.health()).ok
    finally:
        await kb.close()


async def refused(config: ElasticConfig) -> str:
    kb = ElasticKnowledgeBase(config, HashEmbedder)
    try:
        with pytest.raises(KnowledgeError) as caught:
            await kb.ensure()
        assert not (await kb.health()).ok
        return str(caught.value)
    finally:
        await kb.close()


async def test_user_and_password_open_it(config: ElasticConfig) -> None:
    await works(config)


async def test_an_api_key_for_our_indices_alone_opens_it(config: ElasticConfig) -> None:
    client = make_client(config)
    rights = {"ours": {"cluster": ["monitor"], "indices": [{"names": ["keyed-*"], "privileges": ["all"]}]}}
    made = await client.security.create_api_key(name="tests", role_descriptors=rights)
    await client.close()
    keyed = ElasticConfig(url=config.url, ca_certs=config.ca_certs, api_key=made["encoded"], prefix="keyed")
    await works(keyed)
    assert "rights" in await refused(replace(keyed, prefix="others"))


async def test_a_wrong_password_is_told_and_not_shown(config: ElasticConfig) -> None:
    words = await refused(replace(config, password="hunter2"))
    assert "ELASTICSEARCH_PASSWORD" in words
    assert "hunter2" not in words
    assert "ELASTICSEARCH_API_KEY" in await refused(replace(config, username="", password=""))


async def test_an_unknown_authority_is_not_trusted(config: ElasticConfig) -> None:
    assert "ELASTICSEARCH_CA_CERTS" in await refused(replace(config, ca_certs=""))
    missing = replace(config, ca_certs="/nowhere/ca.crt")
    assert "ELASTICSEARCH_CA_CERTS" in await refused(missing)


async def test_plain_http_to_a_server_that_speaks_tls_is_told(config: ElasticConfig) -> None:
    words = await asyncio.wait_for(refused(replace(config, url=config.url.replace("https", "http"))), 30)
    assert "cannot be used" in words
