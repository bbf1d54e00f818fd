"""What only shows on a real socket: chunked bodies, refused bodies, connections that go on."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, suppress
from urllib.parse import urlsplit

import pytest

from tests.live import PATIENCE_S, Live, running

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def made(live: Live) -> dict:
    return live.cli("dataset", "create", "on the wire")


@pytest.fixture
def connection(live: Live) -> Iterator[http.client.HTTPConnection]:
    with closing(
        http.client.HTTPConnection(urlsplit(live.root).netloc, timeout=PATIENCE_S)
    ) as opened:
        yield opened


def basic(made: dict) -> dict[str, str]:
    return JSON | {"Authorization": "Basic " + b64encode(f"{made['key']}:".encode()).decode()}


def answered(connection: http.client.HTTPConnection) -> tuple[int, dict]:
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def test_a_body_of_unknown_length_is_taken(
    connection: http.client.HTTPConnection, made: dict
) -> None:
    parts = (b'[{"a": ', b"1}, ", b'{"b": 2}]')
    connection.request("PUT", made["path"], iter(parts), basic(made), encode_chunked=True)
    status, told = answered(connection)
    assert (status, told["stored"]) == (201, 2)


def test_a_body_of_unknown_length_is_bounded(
    connection: http.client.HTTPConnection, made: dict
) -> None:
    parts = (b" " * 100_000 for _ in range(100))
    with suppress(BrokenPipeError, ConnectionResetError):
        connection.request("PUT", made["path"], parts, basic(made), encode_chunked=True)
    assert answered(connection)[0] == 413


def test_a_body_that_is_too_long_is_answered(
    connection: http.client.HTTPConnection, made: dict
) -> None:
    connection.request("PUT", made["path"], b" " * (9 << 20), basic(made))
    status, told = answered(connection)
    assert (status, told["error"]["detail"]["limit"]) == (413, "body_bytes")


def test_a_refused_body_is_not_read_as_the_next_request(
    connection: http.client.HTTPConnection, made: dict
) -> None:
    """The body of a refused PUT looks like a request; the connection goes on after it."""
    smuggled = f"GET {made['path']} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    for headers, expected in ((JSON, 401), (basic(made) | {"Content-Encoding": "br"}, 415)):
        connection.request("PUT", made["path"], smuggled * 50, headers)
        assert answered(connection)[0] == expected
        connection.request("GET", "/api/health/")
        assert answered(connection) == (200, {"status": "ok"})


def test_an_unpacked_body_is_bounded(connection: http.client.HTTPConnection, made: dict) -> None:
    bomb = gzip.compress(b" " * (80 << 20) + b"{}")
    headers = basic(made) | {"Content-Encoding": "gzip"}
    connection.request("PUT", made["path"], bomb, headers)
    status, told = answered(connection)
    assert (status, told["error"]["detail"]["limit"]) == (413, "body_inflated_bytes")


def test_a_client_that_falls_silent_does_not_hold_a_thread(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    settings = {"HUB_CLIENT_TIMEOUT_S": "0.5", "HUB_WEB_WORKERS": "1", "HUB_WEB_THREADS": "2"}
    with running(tmp_path_factory.mktemp("silent"), **settings) as hub:
        made = hub.cli("dataset", "create", "silent")
        lines = [f"PUT {made['path']} HTTP/1.1", "Host: x", "Content-Length: 100"]
        lines += [f"{name}: {value}" for name, value in basic(made).items()]
        host, _, port = urlsplit(hub.root).netloc.partition(":")
        silent = [socket.create_connection((host, int(port)), PATIENCE_S) for _ in range(6)]
        for one in silent:
            one.sendall("\r\n".join([*lines, "", '{"a": ']).encode())
        for one in silent:
            assert b"408" in one.recv(200)
            one.close()
        assert hub.answers()


def test_every_page_is_reached_by_its_link(
    connection: http.client.HTTPConnection, live: Live, made: dict
) -> None:
    own = live.cli("dataset", "create", "paged")
    body = json.dumps([{"n": n} for n in range(25)])
    connection.request("PUT", own["path"], body, basic(own))
    assert answered(connection)[0] == 201
    url, seen = f"{own['path']}?limit=10&fields=n", []
    while url:
        connection.request("GET", url, headers=basic(own))
        answer = connection.getresponse()
        seen += [row["n"] for row in json.loads(answer.read())]
        link = answer.headers.get("Link", "")
        assert not link or link.startswith(f"<{live.root}/")
        url = link.partition(">")[0].removeprefix(f"<{live.root}")
    assert seen == list(range(25))


def test_a_malformed_chunk_is_the_sender_s_mistake(
    connection: http.client.HTTPConnection, made: dict
) -> None:
    connection.putrequest("PUT", made["path"])
    for name, value in (basic(made) | {"Transfer-Encoding": "chunked"}).items():
        connection.putheader(name, value)
    connection.endheaders(b"zz\r\n{}\r\n0\r\n\r\n")
    status, told = answered(connection)
    assert (status, told["error"]["code"]) == (400, "bad_encoding")


@pytest.mark.parametrize(
    ("request_text", "status", "code"),
    [
        (b"GET /healthz/?q=" + b"x" * 9000 + b" HTTP/1.1\r\n\r\n", 414, "request_uri_too_long"),
        (
            b"GET /healthz/ HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n",
            431,
            "request_header_fields_too_large",
        ),
        (b"GET /healthz/\r\n\r\n", 400, "bad_request"),
        (b"GET /healthz/ HTTP/1.1\r\nA B: c\r\n\r\n", 400, "bad_request"),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: odd\r\n\r\n", 501, "not_implemented"),
    ],
)
def test_what_is_no_request_is_answered_in_the_hub_s_shape(
    live: Live, request_text: bytes, status: int, code: str
) -> None:
    at = urlsplit(live.root)
    with closing(socket.create_connection((at.hostname, at.port), timeout=PATIENCE_S)) as raw:
        raw.sendall(request_text)
        answer = http.client.HTTPResponse(raw)
        answer.begin()
        assert (answer.status, answer.headers["Content-Type"]) == (status, "application/json")
        assert json.loads(answer.read())["error"]["code"] == code
