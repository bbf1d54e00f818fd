"""Looking around in a server: level by level, each node once, never beyond its limits."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

from hub.devices.contract import Value
from hub.devices.opcua import variants
from hub.devices.opcua.client import Limit, Opened, told
from hub.devices.opcua.nodes import Browsed, BrowsedNode, Cut

NODES_A_REQUEST = 50
REFERENCES_MAX = 200
"""How many references of a node are asked for at a time."""
TEXT_CHARS_MAX = 200
READ, WRITE = 1, 2
"""Bits of an access level."""

HIERARCHICAL = variants.node_id(ObjectIds.HierarchicalReferences)


@dataclass(frozen=True, slots=True)
class Limits:
    """How deep, how many, and how long."""

    depth: int
    nodes: int
    time_s: float


@dataclass(slots=True)
class _Walk:
    """What was found, and what is to be looked into next."""

    limits: Limits
    until: float
    found: dict[str, BrowsedNode] = field(default_factory=dict)
    ids: dict[str, ua.NodeId] = field(default_factory=dict)
    cut: list[Cut] = field(default_factory=list)
    depth: int = 0

    @property
    def over(self) -> bool:
        return bool({"nodes", "time"} & set(self.cut))

    def stop(self, why: Cut) -> None:
        if why not in self.cut:
            self.cut.append(why)

    def on_time(self) -> bool:
        if asyncio.get_running_loop().time() >= self.until:
            self.stop("time")
        return not self.over


async def browsed(session: Opened, start: ua.NodeId, limits: Limits, limit: Limit) -> Browsed:
    """What is below a node.

    Raises:
        DeviceRefused: there is no such node.
    """
    walk = _Walk(limits, asyncio.get_running_loop().time() + limits.time_s)
    walk.ids[start.to_string()] = start
    level = [start]
    for depth in range(1, limits.depth + 1):
        walk.depth = depth
        below: list[ua.NodeId] = []
        while level and walk.on_time():
            parents = level[: session.chunks["browse"]]
            below += await _children(walk, session, limit, parents)
            level = level[len(parents) :]
        level = level or below
        if not level or walk.over:
            break
    if level and not walk.over:
        walk.stop("depth")
    return Browsed(await _described(session, walk), tuple(walk.cut))


async def _children(
    walk: _Walk, session: Opened, limit: Limit, parents: Sequence[ua.NodeId]
) -> list[ua.NodeId]:
    """The nodes below some others that were not seen before."""
    results = await session.asked("browse", parents, lambda part: _browse(session, part))
    new: list[ua.NodeId] = []
    for parent, result in zip(parents, results, strict=True):
        status = result.StatusCode
        if not status.is_good():
            if walk.depth == 1:
                raise variants.refusal(status.value)
            continue
        if parent.to_string() in walk.found:
            known = walk.found[parent.to_string()]
            walk.found[parent.to_string()] = replace(known, opened=True)
        new += await _all(walk, session, limit, parent, result)
    return new


async def _browse(session: Opened, nodes: list[ua.NodeId]) -> list[ua.BrowseResult]:
    asked = ua.BrowseParameters(
        View=ua.ViewDescription(),
        RequestedMaxReferencesPerNode=REFERENCES_MAX,
        NodesToBrowse=[_description(each) for each in nodes],
    )
    return await session.ua.browse(asked)


async def _all(
    walk: _Walk, session: Opened, limit: Limit, parent: ua.NodeId, result: ua.BrowseResult
) -> list[ua.NodeId]:
    """A node's references, also those that come in further parts."""
    new = _noted(walk, parent, result.References or [])
    while result.ContinuationPoint:
        release = not walk.on_time()
        further = ua.BrowseNextParameters(
            ReleaseContinuationPoints=release, ContinuationPoints=[result.ContinuationPoint]
        )
        async with limit():
            with told():
                results = await session.ua.browse_next(further)
        if release or not results:
            break
        result = results[0]
        new += _noted(walk, parent, result.References or [])
    return new


def _noted(
    walk: _Walk, parent: ua.NodeId, references: Sequence[ua.ReferenceDescription]
) -> list[ua.NodeId]:
    new = []
    for each in references:
        if _is_elsewhere(each.NodeId):
            continue
        id_ = variants.node_id(each.NodeId.Identifier, each.NodeId.NamespaceIndex)
        text = id_.to_string()
        if text in walk.ids:
            continue
        if len(walk.found) >= walk.limits.nodes:
            walk.stop("nodes")
            break
        walk.ids[text] = id_
        walk.found[text] = BrowsedNode(
            id=text,
            parent=parent.to_string(),
            depth=walk.depth,
            name=f"{each.BrowseName.NamespaceIndex}:{each.BrowseName.Name}",
            display_name=each.DisplayName.Text or "",
            kind=_kind(each.NodeClass),
        )
        new.append(id_)
    return new


async def _described(session: Opened, walk: _Walk) -> list[BrowsedNode]:
    """The nodes, the variables among them with type, value and access."""
    names = [name for name, node in walk.found.items() if node.kind == "Variable"]
    for at in range(0, len(names), NODES_A_REQUEST):
        if asyncio.get_running_loop().time() >= walk.until:
            walk.stop("time")
            break
        part = names[at : at + NODES_A_REQUEST]
        ids = [walk.ids[name] for name in part]
        values = await session.read(ids)
        levels = await session.read(ids, AttributeIds.UserAccessLevel)
        types = await session.read(ids, AttributeIds.DataType)
        for name, value, level, type_ in zip(part, values, levels, types, strict=True):
            walk.found[name] = replace(
                walk.found[name],
                type=_type(value, type_),
                value=_shown(value),
                access=_access(level),
            )
    return list(walk.found.values())


def _description(node: ua.NodeId) -> ua.BrowseDescription:
    return ua.BrowseDescription(
        NodeId=node,
        BrowseDirection=ua.BrowseDirection.Forward,
        ReferenceTypeId=HIERARCHICAL,
        IncludeSubtypes=True,
        NodeClassMask=ua.NodeClass.Unspecified,
        ResultMask=ua.BrowseResultMask.All,
    )


def _type(value: ua.DataValue, declared: ua.DataValue) -> str | None:
    """The name of a built-in type, else the node id of the type that is declared."""
    if value.Value is not None and value.Value.VariantType not in (None, ua.VariantType.Null):
        return str(value.Value.VariantType.name) + ("[]" if value.Value.is_array else "")
    id_ = declared.Value.Value if declared.Value is not None else None
    if not isinstance(id_, ua.NodeId):
        return None
    if id_.NamespaceIndex == 0 and id_.Identifier in {each.value for each in ua.VariantType}:
        return str(ua.VariantType(int(str(id_.Identifier))).name)
    return str(id_.to_string())


def _shown(found: ua.DataValue) -> Value | None:
    """A value as JSON can hold it, texts cut short."""
    value = variants.reading(found).value
    return value[:TEXT_CHARS_MAX] if isinstance(value, str) else value


def _access(level: ua.DataValue) -> tuple[Literal["read", "write"], ...]:
    bits = level.Value.Value if level.Value is not None else 0
    if not isinstance(bits, int):
        return ()
    may: list[Literal["read", "write"]] = []
    if bits & READ:
        may.append("read")
    if bits & WRITE:
        may.append("write")
    return tuple(may)


def _kind(class_: int) -> str:
    known = {each.value: each.name for each in ua.NodeClass}
    return known.get(int(class_), "Unspecified")


def _is_elsewhere(id_: ua.NodeId) -> bool:
    """Whether a node is in another server, or in a namespace that this one does not count."""
    return isinstance(id_, ua.ExpandedNodeId) and bool(id_.ServerIndex or id_.NamespaceUri)
