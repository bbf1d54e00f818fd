"""An OPC UA server: the library's own, with variables that are given to it."""

from __future__ import annotations

import logging
import socket
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from asyncua import ua
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.server import Server
from asyncua.server.user_managers import UserManager

from hub.devices.opcua.variants import node_id
from hub.devices.simulators import NAMESPACE

SECURED = [
    ua.SecurityPolicyType.Basic256Sha256_Sign,
    ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
    ua.SecurityPolicyType.Aes128Sha256RsaOaep_SignAndEncrypt,
    ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt,
]

logging.getLogger("asyncua.server").setLevel(logging.CRITICAL)


class _Users(UserManager):
    """People by name and password; nobody else comes in."""

    def __init__(self, passwords: Mapping[str, str]) -> None:
        self._passwords = passwords

    def get_user(
        self, iserver: Any, username: Any = None, password: Any = None, certificate: Any = None
    ) -> Any:
        known = username is not None and self._passwords.get(username) == password
        return User(role=UserRole.User, name=username) if known else None


class OpcuaSimulator:
    """A server on a TCP port; port 0 is one that is free. To be used as an async context.

    ``users`` are the passwords of those who may come in, None lets everybody in. With a
    certificate and its key (files, DER and PEM) there are secured endpoints, and no other.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        users: Mapping[str, str] | None = None,
        certificate: Path | None = None,
        private_key: Path | None = None,
    ) -> None:
        self.host = host
        self.port = port or _free(host)
        self.server = Server(user_manager=None if users is None else _Users(users))
        self._files = (certificate, private_key)
        self._nodes: dict[str, Any] = {}
        self.namespace = 0

    async def __aenter__(self) -> Self:
        server = self.server
        await server.init()
        server.set_endpoint(f"opc.tcp://{self.host}:{self.port}/")
        certificate, private_key = self._files
        if certificate is not None and private_key is not None:
            server.set_security_policy(SECURED)
            await server.load_certificate(str(certificate))
            await server.load_private_key(str(private_key))
        else:
            server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        self.namespace = await server.register_namespace(NAMESPACE)
        await server.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.server.stop()

    async def add_folder(self, path: str) -> Any:
        """An object below the Objects folder, its text id the path; for variables to be in."""
        above, _, name = path.rpartition("/")
        parent = self._nodes[above] if above else self.server.nodes.objects
        id_ = node_id(path, self.namespace)
        self._nodes[path] = await parent.add_object(id_, f"{self.namespace}:{name}")
        return self._nodes[path]

    async def add_variable(
        self,
        path: str,
        value: Any,
        type_: ua.VariantType,
        *,
        writable: bool = True,
        node: ua.NodeId | None = None,
    ) -> Any:
        """A variable; its id is the path as a text, unless another is given."""
        above, _, name = path.rpartition("/")
        parent = self._nodes[above] if above else self.server.nodes.objects
        id_ = node or node_id(path, self.namespace)
        made = await parent.add_variable(id_, f"{self.namespace}:{name}", value, type_)
        if writable:
            await made.set_writable()
        self._nodes[path] = made
        return made

    async def set(self, path: str, value: Any, type_: ua.VariantType) -> None:
        await self._nodes[path].write_value(ua.Variant(value, type_))

    async def get(self, path: str) -> Any:
        return await self._nodes[path].read_value()


def _free(host: str) -> int:
    with closing(socket.socket()) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
