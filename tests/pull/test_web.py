"""Exports over HTTP from a server that cuts, throttles and lies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from vidkryto.errors import ExportMissing, SourceError

Puller = Callable[..., Any]
BODY = "назва;кількість\nРинок;5\n".encode() * 200


def _source(url: str, **more: Any) -> dict[str, Any]:
    return {"url": url, "private_addresses": True, "timeout": 2, "retries": 3, **more}


def test_a_file_arrives_whole_and_its_query_is_not_kept(web: Any, puller: Puller) -> None:
    """Bytes, name, etag; a token in the query and the internal address stay out of the record."""
    url = web.give("/out/stops.csv", web.send(BODY, ETag='"1"', Last_Modified="Mon, 01 Jan 2024 00:00:00 GMT"))
    (snapshot,) = puller(_source(url + "?token=secret"))
    assert snapshot.path.read_bytes() == BODY
    assert (snapshot.file, snapshot.size, snapshot.etag) == ("stops.csv", len(BODY), '"1"')
    assert snapshot.origin == "http:stops.csv"


def test_an_unchanged_file_is_asked_for_conditionally_and_not_sent_again(web: Any, puller: Puller) -> None:
    """The second request carries ETag and date; 304 gives the same bytes."""
    moment = "Mon, 01 Jan 2024 00:00:00 GMT"
    url = web.give("/a.csv", web.send(BODY, ETag='"7"', Last_Modified=moment), web.send(b"", status=304))
    first = puller(_source(url))
    second = puller(_source(url), previous=first)
    assert second[0].sha256 == first[0].sha256
    assert web.seen[-1][1]["If-None-Match"] == '"7"'
    assert web.seen[-1][1]["If-Modified-Since"] == moment


def test_a_cut_download_goes_on_where_it_stopped(web: Any, puller: Puller) -> None:
    """After a break the rest is asked for by Range, and the file is whole."""
    url = web.give("/a.csv", web.send(BODY, cut=1000, ETag='"1"'), web.send_range(BODY, ETag='"1"'))
    (snapshot,) = puller(_source(url))
    assert snapshot.path.read_bytes() == BODY
    assert web.seen[1][1]["Range"] == "bytes=1000-"
    assert web.seen[1][1]["If-Range"] == '"1"'


def test_a_file_that_changed_during_a_break_is_fetched_anew(web: Any, puller: Puller) -> None:
    """The server answers 200 with the new file instead of the part: nothing of the old one stays."""
    other = BODY.replace(b"5", b"6")
    url = web.give("/a.csv", web.send(BODY, cut=1000, ETag='"1"'), web.send(other, ETag='"2"'))
    (snapshot,) = puller(_source(url))
    assert snapshot.path.read_bytes() == other


def test_a_server_that_sends_another_part_is_not_believed(web: Any, puller: Puller) -> None:
    """A 206 that starts elsewhere is thrown away."""
    wrong = web.send(BODY[5:], status=206, Content_Range=f"bytes 5-{len(BODY) - 1}/{len(BODY)}", ETag='"1"')
    url = web.give("/a.csv", web.send(BODY, cut=1000, ETag='"1"'), wrong, web.send(BODY, ETag='"1"'))
    (snapshot,) = puller(_source(url))
    assert snapshot.path.read_bytes() == BODY


def test_a_server_that_lies_about_the_length_never_leads_to_half_a_file(web: Any, puller: Puller) -> None:
    """More announced than sent, each time: an error, no snapshot."""
    url = web.give("/a.csv", web.send(BODY, length=len(BODY) + 10))
    with pytest.raises(SourceError, match="in 2 tries"):
        puller(_source(url, retries=1))


def test_passing_failures_are_tried_again(web: Any, puller: Puller) -> None:
    """503 with Retry-After, then 429, then the file."""
    url = web.give(
        "/a.csv", web.send(b"", status=503, Retry_After="0"), web.send(b"", status=429, Retry_After="0"), web.send(BODY)
    )
    assert puller(_source(url))[0].size == len(BODY)


def test_a_slow_server_meets_the_deadline(web: Any, puller: Puller) -> None:
    """A byte now and then keeps the connection alive, not the download."""
    url = web.give("/a.csv", web.send(BODY, pause=0.05))
    with pytest.raises(SourceError, match=r"took longer than 0\.4 seconds"):
        puller(_source(url, patience=0.4))


def test_a_file_beyond_the_limit_is_refused(web: Any, puller: Puller) -> None:
    """The limit counts bytes that arrive, whatever the header says."""
    url = web.give("/a.csv", web.send(b"x" * 3_000_000))
    with pytest.raises(SourceError, match="larger than 1 MB"):
        puller(_source(url, max_megabytes=1))


def test_a_missing_file_is_a_missing_export(web: Any, puller: Puller) -> None:
    """404 is not a technical failure: it carries the finding."""
    with pytest.raises(ExportMissing) as caught:
        puller(_source(web.url + "/none.csv"))
    assert caught.value.finding.code == "export-missing"


def test_a_refused_key_is_told_without_the_key(web: Any, puller: Puller) -> None:
    """The header goes out; the error names the state and never the secret."""
    url = web.give("/a.csv", web.send(b"", status=403))
    with pytest.raises(SourceError) as caught:
        puller(_source(url, header_secrets={"X-Key": "STOPS_KEY"}), environment={"STOPS_KEY": "top-secret"})
    assert web.seen[0][1]["X-Key"] == "top-secret"
    assert "top-secret" not in str(caught.value)
    assert "403" in str(caught.value)


def test_a_secret_that_is_not_set_is_named(web: Any, puller: Puller) -> None:
    """The error says which variable."""
    with pytest.raises(SourceError, match="STOPS_KEY, which is not set"):
        puller(_source(web.url + "/a", header_secrets={"X-Key": "STOPS_KEY"}))


def test_a_redirect_to_another_host_is_not_followed(web: Any, puller: Puller) -> None:
    """Only the host of the contract and those it allows are visited."""
    url = web.give("/a.csv", web.send(b"", status=302, Location="http://example.org/a.csv"))
    with pytest.raises(SourceError, match=r"redirects to another host: example\.org"):
        puller(_source(url))


def test_a_redirect_on_the_same_host_is_followed(web: Any, puller: Puller) -> None:
    """And the name of the file is the one of the contract or the one announced."""
    web.give("/b.csv", web.send(BODY, Content_Disposition='attachment; filename="../../etc/new stops.csv"'))
    url = web.give("/a.csv", web.send(b"", status=302, Location="/b.csv"))
    assert puller(_source(url))[0].file == "new stops.csv"


def test_a_circle_of_redirects_ends(web: Any, puller: Puller) -> None:
    """Five are enough."""
    url = web.give("/a.csv", web.send(b"", status=302, Location="/a.csv"))
    with pytest.raises(SourceError, match="more than 5 redirects"):
        puller(_source(url))


def test_an_address_inside_the_network_needs_permission(web: Any, puller: Puller) -> None:
    """The address really connected to counts; nothing is sent."""
    url = web.give("/a.csv", web.send(BODY))
    with pytest.raises(SourceError, match="private network"):
        puller({"url": url.replace("127.0.0.1", "localhost"), "retries": 0})
    assert web.seen == []


def test_a_server_that_is_not_there_is_a_technical_failure(puller: Puller) -> None:
    """The error says how often it was tried."""
    with pytest.raises(SourceError, match="in 2 tries"):
        puller(_source("http://127.0.0.1:9/a.csv", retries=1))
