from __future__ import annotations

import gzip

import pytest

from realtime_agents.errors import DocumentError
from realtime_agents.knowledge.fetch import sitemap
from realtime_agents.knowledge.fetch.sitemap import SitemapEntry, is_sitemap, parse_sitemap, unpacked


def test_pages_and_their_dates_are_read_in_order() -> None:
    data = b"""<?xml version="1.0" encoding="UTF-8"?>
    <!-- made by hand --><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
      xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
    <url><loc> https://x.org/a?b=1&amp;c=2 </loc><lastmod>2026-01-15T10:00:00Z</lastmod>
      <image:image><image:loc>https://x.org/picture.png</image:loc></image:image></url>
    <url><lastmod>soon</lastmod><loc><![CDATA[https://x.org/b]]></loc></url>
    <url><changefreq>daily</changefreq></url></urlset>"""
    found = parse_sitemap(data)
    assert is_sitemap(data)
    assert not found.is_index
    assert found.entries == (
        SitemapEntry(location="https://x.org/a?b=1&c=2", modified="2026-01-15"),
        SitemapEntry(location="https://x.org/b"),
    )


def test_an_index_names_other_sitemaps() -> None:
    found = parse_sitemap(b"<sitemapindex><sitemap><loc>https://x.org/1.xml</loc></sitemap></sitemapindex>")
    assert found.is_index
    assert [entry.location for entry in found.entries] == ["https://x.org/1.xml"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "broken in line 1"),
        (b"<urlset><url>", "broken in line 1"),
        (b"<urlset>&nothing;</urlset>", "broken"),
        (b"<html><body/></html>", "no sitemap"),
        (b'<!DOCTYPE urlset [<!ENTITY a "b">]><urlset>&a;</urlset>', "defines entities"),
        (
            b'<!DOCTYPE u [<!ENTITY a SYSTEM "file:///etc/passwd">]><urlset><url><loc>&a;</loc></url></urlset>',
            "entities",
        ),
        (
            b'<!DOCTYPE u [<!ENTITY a "'
            + b"x" * 100
            + b'"><!ENTITY b "'
            + b"&a;" * 100
            + b'">]><urlset>&b;</urlset>',
            "defines entities",
        ),
        (b"<urlset>" * 50_000, "nested too deeply"),
    ],
)
def test_broken_and_hostile_xml_is_refused_in_words(data: bytes, reason: str) -> None:
    with pytest.raises(DocumentError, match=reason):
        parse_sitemap(data)


def test_an_entity_of_another_file_is_never_opened() -> None:
    data = b'<!DOCTYPE urlset SYSTEM "http://127.0.0.1:1/x.dtd"><urlset><url><loc>https://x.org/</loc></url></urlset>'
    assert len(parse_sitemap(data).entries) == 1


def test_more_entries_than_the_protocol_allows_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sitemap, "MAX_ENTRIES", 3)
    data = b"<urlset>" + b"<url><loc>https://x.org/</loc></url>" * 10 + b"</urlset>"
    found = parse_sitemap(data)
    assert (len(found.entries), found.cut) == (3, True)


def test_an_endless_address_is_left_out() -> None:
    endless = b"<url><loc>https://x.org/" + b"a" * 1_000_000 + b"</loc></url>"
    data = b"<urlset>" + endless + b"<url><loc>https://x.org/b</loc></url></urlset>"
    assert [entry.location for entry in parse_sitemap(data).entries] == ["https://x.org/b"]


def test_gzip_is_unpacked_up_to_a_limit() -> None:
    assert unpacked(b"plain", 100) == b"plain"
    assert unpacked(gzip.compress(b"words"), 100) == b"words"
    with pytest.raises(DocumentError, match="unpacks to more than"):
        unpacked(gzip.compress(b"a" * 3_000_000), 2**20)
    with pytest.raises(DocumentError, match="gzip data is broken"):
        unpacked(gzip.compress(b"words" * 100)[:-5], 1_000)
