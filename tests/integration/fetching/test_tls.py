"""TLS to a host whose address was judged: the certificate is that of its name."""

from __future__ import annotations

import ssl

import pytest
import trustme

from hub.errors import FetchFailed, FetchTimeout
from hub.fetching.deadline import Deadline
from hub.fetching.fetcher import Fetcher, FetchLimits, Page
from tests.hosts import Host, page, redirect


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def of(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    """What a host with a certificate of these names shows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def fetched(url: str, authority: trustme.CA, *listed: Host, timeout_s: float = 60.0) -> Page:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    allow = ",".join(host.listed for host in listed)
    fetcher = Fetcher(
        FetchLimits(allow=allow), resolve=lambda host, port: ["127.0.0.1"], tls=context
    )
    return fetcher.fetch(url, Deadline.in_(timeout_s))


def test_the_certificate_is_of_the_name_not_of_the_address(authority: trustme.CA) -> None:
    with Host(page(), tls=of(authority, "a.plant")) as host:
        assert fetched(host.url("a.plant"), authority, host).status == 200
        assert host.names == ["a.plant"]
        assert f"Host: a.plant:{host.port}".encode() in host.heads[0]


@pytest.mark.parametrize("name", ["b.plant", "127.0.0.1"])
def test_a_certificate_of_another_name(authority: trustme.CA, name: str) -> None:
    with Host(page(), tls=of(authority, name)) as host:
        with pytest.raises(FetchFailed) as failure:
            fetched(host.url("a.plant"), authority, host)
        assert (failure.value.detail["reason"], host.heads) == ("tls", [])


def test_an_authority_that_nobody_trusts(authority: trustme.CA) -> None:
    with Host(page(), tls=of(trustme.CA(), "a.plant")) as host:
        with pytest.raises(FetchFailed) as failure:
            fetched(host.url("a.plant"), authority, host)
        assert (failure.value.detail["reason"], host.heads) == ("tls", [])


def test_a_host_that_speaks_no_tls(authority: trustme.CA) -> None:
    with Host(page()) as host, pytest.raises(FetchFailed) as failure:
        fetched(host.url("a.plant").replace("http:", "https:"), authority, host)
    assert failure.value.detail["reason"] == "tls"


def test_a_handshake_that_never_ends(authority: trustme.CA) -> None:
    host = Host(lambda connection, head: None)
    host._head = lambda connection: bytes(host.over.wait())  # type: ignore[method-assign]
    with host, pytest.raises(FetchTimeout):
        fetched(host.url("a.plant").replace("http:", "https:"), authority, host, timeout_s=0.4)


def test_a_redirect_is_to_the_name_that_it_says(authority: trustme.CA) -> None:
    with Host(page(), tls=of(authority, "b.plant")) as there:
        with Host(redirect(there.url("b.plant"))) as here:
            assert fetched(here.url("a.plant"), authority, here, there).status == 200
        assert there.names == ["b.plant"]
