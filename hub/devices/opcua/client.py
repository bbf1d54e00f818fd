"""One session with an OPC UA server; with ``browsing`` the only user of its library's client."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from typing import Literal, Self, TypeVar

from asyncua import ua
from asyncua.client.client import Client
from asyncua.crypto import security_policies, uacrypto
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.uaerrors import UaError, UaStatusCodeError
from cryptography import x509
from cryptography.x509 import SubjectAlternativeName, UniformResourceIdentifier

from hub.devices.opcua.address import NodeName
from hub.devices.opcua.transport import Guard
from hub.devices.opcua.variants import node_id, refusal
from hub.errors import DeviceGarbled, DeviceRefused, DeviceTimeout, DeviceUnreachable
from hub.errors import HubError as Known
from hub.values import Document

logging.getLogger("asyncua").setLevel(logging.CRITICAL)
"""It logs with a traceback what it raises too."""

Service = Literal["read", "browse", "monitor"]
CHUNK_MAX: dict[Service, int] = {"read": 500, "browse": 50, "monitor": 500}
"""How many nodes a request is for where the server names no limit, or a higher one."""
KEEP_ALIVE_S = 30.0
SESSION_MS = 120_000
CLOSE_S = 2.0
LIMITS: dict[Service, ua.NodeId] = {
    "read": node_id(ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead),
    "browse": node_id(ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerBrowse),
    "monitor": node_id(
        ObjectIds.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall
    ),
}
NAMESPACES = node_id(ObjectIds.Server_NamespaceArray)

T = TypeVar("T")
U = TypeVar("U")
Limit = Callable[[], AbstractAsyncContextManager[None]]
"""Gives the time of one request."""

LOST = {
    "BadSessionIdInvalid",
    "BadSessionClosed",
    "BadSecureChannelIdInvalid",
    "BadSecureChannelClosed",
    "BadConnectionClosed",
    "BadConnectionRejected",
    "BadServerHalted",
    "BadShutdown",
    "BadTcpInternalError",
    "BadTcpSecureChannelUnknown",
}
LATE = {"BadTimeout", "BadRequestTimeout"}
TOO_MANY = {"BadTooManyOperations", "BadResponseTooLarge", "BadEncodingLimitsExceeded"}


@contextmanager
def told() -> Iterator[None]:
    """Whatever the library raises as an error of the hub.

    What a broken server sends makes it stumble in every way; hence all exceptions.
    """
    try:
        yield
    except (Known, TimeoutError):
        raise
    except UaStatusCodeError as exc:
        raise _meant(refusal(exc.code)) from exc
    except OSError as exc:
        raise DeviceUnreachable("the connection to the server was lost, or not made") from exc
    except Exception as exc:
        raise DeviceGarbled("what the server sent is no answer") from exc


class _Client(Client):
    """The library's client, for which a connection that does not come about is no late answer,
    and a message without an end the end of the connection."""

    async def connect_socket(self) -> None:
        try:
            await super().connect_socket()
        except TimeoutError as exc:
            raise ConnectionError("no connection in time") from exc
        Guard.over(self.uaclient.protocol)


class Opened:
    """An open session. Its methods ask once or more, each within a limit that it is given."""

    def __init__(self, client: Client, timeout_s: float, limit: Limit) -> None:
        self.ua = client.uaclient
        self._client = client
        self._limit = limit
        self._close_s = min(CLOSE_S, timeout_s)
        self.chunks = dict(CHUNK_MAX)
        self._namespaces: list[str] | None = None

    @classmethod
    async def open(cls, url: str, chosen: Document, timeout_s: float, limit: Limit) -> Self:
        """Connect, secure, log in; ask what the server takes."""
        client = _Client(url, timeout=timeout_s, watchdog_intervall=KEEP_ALIVE_S)
        client.session_timeout = SESSION_MS
        session = cls(client, timeout_s, limit)
        try:
            with told():
                await _log_in(client, chosen)
                await session._learn_limits()
        except BaseException:
            await session.close()
            raise
        return session

    @property
    def client(self) -> Client:
        return self._client

    @property
    def usable(self) -> bool:
        return self._client.state.name == "CONNECTED"

    async def close(self) -> None:
        """Log out if there is time for it, and close the connection in any case."""
        with suppress(Exception):
            async with asyncio.timeout(self._close_s):
                await self._client.disconnect()
        with suppress(Exception):
            self._client.disconnect_socket()

    async def node(self, name: NodeName) -> ua.NodeId:
        """A node's id as this server counts namespaces.

        Raises:
            DeviceRefused: it has no namespace of this URI.
        """
        index = name.namespace
        if name.uri is not None:
            known = await self._known_namespaces()
            if name.uri not in known:
                raise DeviceRefused(
                    "the server has no such namespace", device_code="", reason="no such namespace"
                )
            index = known.index(name.uri)
        return node_id(name.id, index)

    async def read(
        self, nodes: Sequence[ua.NodeId], attribute: AttributeIds = AttributeIds.Value
    ) -> list[ua.DataValue]:
        """An attribute of each."""
        return await self.asked(
            "read", nodes, lambda part: self.ua.read_attributes(part, attribute)
        )

    async def asked(
        self, service: Service, items: Sequence[T], ask: Callable[[list[T]], Awaitable[list[U]]]
    ) -> list[U]:
        """What is got for each of many things, in as many requests as the server's limit makes
        necessary."""
        found: list[U] = []
        while len(found) < len(items):
            part = list(items[len(found) : len(found) + self.chunks[service]])
            try:
                async with self._limit():
                    with told():
                        got = await ask(part)
            except DeviceRefused as exc:
                if exc.detail["reason"] not in TOO_MANY or len(part) == 1:
                    raise
                self.chunks[service] = len(part) // 2
                continue
            if len(got) != len(part):
                raise DeviceGarbled("the server answered for more or fewer nodes than were asked")
            found += got
        return found

    async def write(self, node: ua.NodeId, value: ua.Variant) -> None:
        """Raises DeviceRefused: with the status."""
        async with self._limit():
            with told():
                sent = ua.DataValue(value, StatusCode=None)
                status = await self.ua.write_attributes([node], [sent])
        if len(status) != 1:
            raise DeviceGarbled("the server answered for more or fewer nodes than were written")
        if not status[0].is_good():
            raise refusal(status[0].value)

    async def _learn_limits(self) -> None:
        """Ask how much the server takes at once; 0 is no limit."""
        found = await self.read(list(LIMITS.values()))
        for service, each in zip(LIMITS, found, strict=True):
            most = each.Value.Value if each.Value is not None else None
            if isinstance(most, int) and most > 0:
                self.chunks[service] = min(CHUNK_MAX[service], most)

    async def _known_namespaces(self) -> list[str]:
        if self._namespaces is None:
            found = (await self.read([NAMESPACES]))[0].Value
            listed = found.Value if found is not None else None
            self._namespaces = listed if isinstance(listed, list) else []
        return self._namespaces


async def _log_in(client: Client, chosen: Document) -> None:
    """Connect, secure and open a session.

    Raises:
        DeviceRefused: there is no such endpoint; else what the library raises.
    """
    if chosen["user"]:
        client.set_user(chosen["user"])
        client.set_password(chosen["password"] or "")
    try:
        if chosen["policy"] != "none":
            await _secure(client, chosen)
        await client.connect()
    except UaStatusCodeError:
        raise
    except UaError as exc:
        reason = "it offers no endpoint of this policy and mode"
        raise DeviceRefused(f"the server refused: {reason}", device_code="", reason=reason) from exc


async def _secure(client: Client, chosen: Document) -> None:
    certificate = x509.load_pem_x509_certificate(chosen["certificate"].encode())
    with suppress(x509.ExtensionNotFound, IndexError):
        names = certificate.extensions.get_extension_for_class(SubjectAlternativeName).value
        client.application_uri = names.get_values_for_type(UniformResourceIdentifier)[0]
    pinned = chosen["server_certificate"]
    await client.set_security(
        getattr(security_policies, f"SecurityPolicy{chosen['policy']}"),
        _pem(chosen["certificate"]),
        _pem(chosen["private_key"]),
        server_certificate=_pem(pinned) if pinned else None,
        mode=getattr(ua.MessageSecurityMode, chosen["mode"]),
    )


def _pem(text: str) -> uacrypto.CertProperties:
    return uacrypto.CertProperties(text.encode(), extension="pem")


def _meant(refused: DeviceRefused) -> Known:
    """A refusal that is about the connection or the time, as what it is."""
    reason = refused.detail["reason"]
    if reason in LOST:
        return DeviceUnreachable("the server closed the session", reason=reason)
    if reason in LATE:
        return DeviceTimeout("the server did not do it in time", reason=reason)
    return refused
