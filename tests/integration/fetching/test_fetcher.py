"""Pages are fetched from where they may be, over real sockets, and from nowhere else."""

from __future__ import annotations

import gzip
import socket
import threading

import pytest

from hub.errors import FetchFailed, FetchRefused, FetchTimeout
from hub.fetching.deadline import Deadline
from hub.fetching.fetcher import Fetcher, FetchLimits, Page
from tests.hosts import Host, Say, dripping, page, redirect


class Names:
    """A resolver of what a test says; each name gives its answers one after the other."""

    def __init__(self, **names: list[list[str]]) -> None:
        self._names = {name.replace("_", "."): list(answers) for name, answers in names.items()}
        self.asked: list[tuple[str, int]] = []

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append((host, port))
        answers = self._names.get(host)
        if answers is None:
            raise socket.gaierror(f"{host} is not known")
        return answers.pop(0) if len(answers) > 1 else answers[0]


def fetched(url: str, *listed: Host | str, names: Names | None = None, **limits: float) -> Page:
    """Fetch a URL where these hosts may be asked."""
    allow = ", ".join(each.listed if isinstance(each, Host) else each for each in listed)
    known = FetchLimits(allow=allow, **({"timeout_s": 60.0} | limits))
    fetcher = Fetcher(known, resolve=names) if names else Fetcher(known)
    return fetcher.fetch(url, Deadline.in_(known.timeout_s))


def test_a_page_comes_as_it_is() -> None:
    with Host(page(b"<p>\xc3\xa9", kind="text/html; charset=UTF-8")) as host:
        found = fetched(host.url(path="/a?b=c#d"), host)
    assert (found.status, found.url) == (200, host.url(path="/a?b=c"))
    content = found.content
    assert (content.kind, content.charset, content.body) == ("html", "utf-8", b"<p>\xc3\xa9")


def test_what_is_sent() -> None:
    with Host(page()) as host:
        fetched(host.url("a.plant", "/x%20y"), host, names=Names(a_plant=[["127.0.0.1"]]))
        lines = host.heads[0].decode().split("\r\n")
    assert lines[0] == "GET /x%20y HTTP/1.1"
    names = {line.split(":")[0] for line in lines[1:] if line}
    assert names == {"Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"}
    assert f"Host: a.plant:{host.port}" in lines
    assert "Accept-Encoding: identity" in lines


def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with Host(page(b"proxy")) as proxy, Host(page(b"host")) as host:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "https_proxy"):
            monkeypatch.setenv(name, proxy.url())
        assert fetched(host.url(), host).content.body == b"host"
        assert proxy.connections == 0


@pytest.mark.parametrize(
    "name", ["127.0.0.1", "127.1", "0x7f.1", "2130706433", "0177.0.0.1", "[::ffff:127.0.0.1]"]
)
def test_however_the_machine_is_written(name: str) -> None:
    with Host(page()) as host:
        with pytest.raises(FetchRefused):
            fetched(host.url(name), f"a.plant:{host.port}")
        assert host.connections == 0
        assert fetched(host.url(name), host).status == 200


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/",
        "http://0.0.0.0/",
        "http://0/",
        "http://[::]/",
        "http://[::1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://25.1.2.3/",
        "http://224.0.0.1/",
    ],
)
def test_what_is_inside_is_not_asked(url: str) -> None:
    with pytest.raises(FetchRefused):
        fetched(url)


def test_an_unlisted_port_is_not_asked() -> None:
    with Host(page()) as host:
        with pytest.raises(FetchRefused):
            fetched(host.url(), "127.0.0.1")
        assert host.connections == 0


def test_unknown_and_forbidden_hosts_are_refused_in_the_same_words() -> None:
    names = Names(there_plant=[["10.0.0.1"]])
    told = []
    for host in ("there.plant", "not.plant"):
        with pytest.raises(FetchRefused) as failure:
            fetched(f"http://{host}/", names=names)
        told.append((failure.value.message, failure.value.detail))
    assert told[0] == told[1]


def test_one_bad_address_of_a_host_is_enough() -> None:
    with Host(page()) as host:
        names = Names(a_plant=[["127.0.0.1", "10.0.0.1"]])
        with pytest.raises(FetchRefused):
            fetched(host.url("a.plant"), host, names=names)
        assert host.connections == 0


def test_a_name_is_resolved_once_and_the_address_held() -> None:
    with Host(page()) as host:
        names = Names(a_plant=[["127.0.0.1"], ["127.0.0.2"]])
        assert fetched(host.url("a.plant"), host, names=names).status == 200
        assert (names.asked, host.connections) == ([("a.plant", host.port)], 1)


def test_an_address_that_takes_no_connection_is_passed_over() -> None:
    with Host(page()) as host:
        names = Names(a_plant=[["127.0.0.2", "127.0.0.1"]])
        listed = f"127.0.0.0/8:{host.port}"
        assert fetched(host.url("a.plant"), listed, names=names).status == 200


def test_no_connection_at_all() -> None:
    with Host(page()) as host:
        port = host.port
    with pytest.raises(FetchFailed) as failure:
        fetched(f"http://127.0.0.1:{port}/", f"127.0.0.1:{port}")
    assert failure.value.detail["reason"] == "connection"


def test_over_ipv6() -> None:
    with Host(page(), address="::1") as host:
        assert fetched(host.url(), host).status == 200
        assert f"Host: [::1]:{host.port}".encode() in host.heads[0]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed_without_what_it_says_to_keep(status: int) -> None:
    with Host(page()) as there:
        with Host(redirect(there.url(path="/y"), status, Set_Cookie="a=b")) as here:
            assert fetched(here.url(), here, there).url == there.url(path="/y")
        assert b"Cookie" not in there.heads[0]
        assert b"Referer" not in there.heads[0]


def test_redirects_have_an_end() -> None:
    with Host(redirect("/again")) as host:
        with pytest.raises(FetchFailed) as failure:
            fetched(host.url(), host)
        assert failure.value.detail["reason"] == "redirects"
        assert host.connections == 4


def test_a_redirect_to_nowhere() -> None:
    with Host(page(b"", status="302 Elsewhere")) as host, pytest.raises(FetchFailed) as failure:
        fetched(host.url(), host)
    assert failure.value.detail["reason"] == "redirects"


def test_a_redirect_to_a_host_that_may_not_be_asked() -> None:
    with Host(page(), address="127.0.0.2") as secret:
        with Host(redirect(secret.url())) as host, pytest.raises(FetchRefused):
            fetched(host.url(), host)
        assert secret.connections == 0


def test_a_redirect_to_the_same_name_which_means_another_address_now() -> None:
    names = Names(a_plant=[["127.0.0.1"], ["127.0.0.2"]])
    with Host(redirect("/again")) as host, pytest.raises(FetchRefused):
        fetched(host.url("a.plant"), host, names=names)
    assert len(names.asked) == 2


@pytest.mark.parametrize(
    "to",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "http://user:secret@127.0.0.1/",
        "http://127.0.0.1:22/",
        "http://169.254.169.254/",
        "//[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "https://localhost/",
        "\\\\127.0.0.2\\x",
    ],
)
def test_a_redirect_that_leads_astray(to: str) -> None:
    with Host(redirect(to)) as host, pytest.raises(FetchRefused):
        fetched(host.url(), host)


def chunked(*parts: bytes, forever: bool = False) -> Say:
    def say(connection: socket.socket, head: bytes) -> None:
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        for part in parts:
            connection.sendall(b"%x\r\n%b\r\n" % (len(part), part))
        while forever:
            connection.sendall(b"%x\r\n%b\r\n" % (len(parts[0]), parts[0]))
        connection.sendall(b"0\r\n\r\n")

    return say


def endless(connection: socket.socket, head: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def endless_head(connection: socket.socket, head: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-More: " + b"x" * 60_000 + b"\r\n")


def continuing(connection: socket.socket, head: bytes) -> None:
    while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


def raw(answer: bytes) -> Say:
    return lambda connection, head: connection.sendall(answer)


BOMB = gzip.compress(bytes(50_000_000))


@pytest.mark.parametrize(
    ("say", "reason"),
    [
        (page(b"", Content_Length="9999999999"), "size"),
        (page(b"x" * 10_001), "size"),
        (endless, "size"),
        (chunked(b"x" * 1000, forever=True), "size"),
        (page(BOMB, Content_Encoding="gzip"), "size"),
        (endless_head, "size"),
        (continuing, "size"),
        (page(kind="image/png"), "type"),
        (page(kind="application/octet-stream"), "type"),
        (page(kind=None), "type"),
        (page(Content_Encoding="br"), "encoding"),
        (page(Content_Encoding="gzip, gzip"), "encoding"),
        (page(Content_Encoding="gzip"), "encoding"),
        (page(Transfer_Encoding="gzip, chunked"), "encoding"),
        (page(status="404 Not Found"), "status"),
        (page(status="500 Oh"), "status"),
        (page(status="304 Not Modified"), "status"),
        (page(b"x", Content_Length="2"), "answer"),
        (raw(b"<p>no head</p>"), "answer"),
        (raw(b"SSH-2.0-x\r\n"), "answer"),
        (raw(b"HTTP/1.1 abc\r\n\r\n"), "answer"),
        (raw(b""), "answer"),
        (raw(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 1000 + b"\r\n"), "answer"),
    ],
)
def test_what_is_no_page(say: Say, reason: str) -> None:
    with Host(say) as host, pytest.raises(FetchFailed) as failure:
        fetched(host.url(), host, bytes_max=10_000)
    assert failure.value.detail["reason"] == reason


@pytest.mark.parametrize(
    "say",
    [
        page(b"x" * 10_000),
        chunked(b"x" * 4_000, b"x" * 6_000),
        page(gzip.compress(b"x" * 10_000), Content_Encoding="gzip"),
        raw(b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n" + b"x" * 10_000),
    ],
)
def test_a_page_as_large_as_may_be(say: Say) -> None:
    with Host(say) as host:
        assert fetched(host.url(), host, bytes_max=10_000).content.body == b"x" * 10_000


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


@pytest.mark.parametrize(
    ("start", "parts"),
    [
        (b"", HEAD[:1]),
        (HEAD, b"X-A: b\r\n"),
        (HEAD + b"\r\n", b"x"),
        (HEAD + b"Content-Length: 1000\r\n\r\n", b"x"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
)
def test_a_host_that_drips_gains_no_time(start: bytes, parts: bytes) -> None:
    host = Host(lambda connection, head: dripping(lambda: host, parts, start)(connection, head))
    with host, pytest.raises(FetchTimeout):
        fetched(host.url(), host, timeout_s=0.5)


def test_redirects_gain_no_time() -> None:
    def slowly(connection: socket.socket, head: bytes) -> None:
        host.over.wait(0.2)
        redirect("/again")(connection, head)

    host = Host(slowly)
    with host, pytest.raises(FetchTimeout):
        fetched(host.url(), host, timeout_s=0.5)


def test_a_resolver_that_says_nothing_gains_no_time() -> None:
    over = threading.Event()

    def silent(host: str, port: int) -> list[str]:
        over.wait()
        return []

    fetcher = Fetcher(FetchLimits(), resolve=silent)
    with pytest.raises(FetchTimeout):
        fetcher.fetch("http://a.example/", Deadline.in_(0.3))
    over.set()
