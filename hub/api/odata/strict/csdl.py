"""``$metadata``: a schema as CSDL, in XML and in JSON, of version 4.0 or 4.01."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from hub.query.odata.schema import NAMESPACE, Enumerated, Link, Member, NamedSet, Schema, Structure

CONTAINER: Final = "Container"
_EDMX: Final = "http://docs.oasis-open.org/odata/ns/edmx"
_EDM: Final = "http://docs.oasis-open.org/odata/ns/edm"
_VOCABULARIES: Final = {
    name: f"https://oasis-tcs.github.io/odata-vocabularies/vocabularies/{name}"
    for name in ("Org.OData.Capabilities.V1", "Org.OData.Aggregation.V1")
}
_PRECISION: Final = 6
"""Digits of a second in a moment."""


def as_xml(schema: Schema, version: str) -> bytes:
    """CSDL XML."""
    root = Element("edmx:Edmx", {"xmlns:edmx": _EDMX, "Version": version})
    for name, address in _VOCABULARIES.items():
        reference = SubElement(root, "edmx:Reference", {"Uri": f"{address}.xml"})
        SubElement(reference, "edmx:Include", {"Namespace": name})
    services = SubElement(root, "edmx:DataServices")
    own = SubElement(services, "Schema", {"xmlns": _EDM, "Namespace": NAMESPACE})
    for structure in schema.structures:
        _put_structure(own, structure)
    container = SubElement(own, "EntityContainer", {"Name": CONTAINER})
    for named in schema.sets:
        attributes = {"Name": named.name, "EntityType": named.type}
        _put_terms(SubElement(container, "EntitySet", attributes), named.terms)
    _put_terms(container, schema.terms)
    ElementTree.indent(root)
    written: bytes = ElementTree.tostring(root, "utf-8", xml_declaration=True)
    return written


def _put_structure(own: Element, structure: Structure) -> None:
    attributes = {"Name": structure.name}
    if structure.open:
        attributes["OpenType"] = "true"
    kind = "EntityType" if structure.key else "ComplexType"
    element = SubElement(own, kind, attributes)
    if structure.key:
        key = SubElement(element, "Key")
        SubElement(key, "PropertyRef", {"Name": structure.key})
    for member in structure.members:
        SubElement(element, "Property", _attributes(member))
    for link in structure.links:
        of = f"Collection({NAMESPACE}.{link.type})"
        contained = {"Name": link.name, "Type": of, "ContainsTarget": "true"}
        SubElement(element, "NavigationProperty", contained)


def _attributes(member: Member) -> dict[str, str]:
    found = {"Name": member.name, "Type": member.type}
    if member.collection:
        found["Type"] = f"Collection({member.type})"
    if not member.nullable:
        found["Nullable"] = "false"
    if member.type == "Edm.DateTimeOffset":
        found["Precision"] = str(_PRECISION)
    return found


def _put_terms(parent: Element, terms: Mapping[str, Any]) -> None:
    for term, value in terms.items():
        _put_value(SubElement(parent, "Annotation", {"Term": term}), value)


def _put_value(element: Element, value: Any) -> None:
    """The value of an annotation or of a property in a record."""
    match value:
        case bool():
            element.set("Bool", str(value).lower())
        case str():
            element.set("String", value)
        case Enumerated(type=type_, member=member):
            element.set("EnumMember", f"{type_}/{member}")
        case Mapping():
            record = SubElement(element, "Record")
            for name, inner in value.items():
                _put_value(SubElement(record, "PropertyValue", {"Property": name}), inner)
        case _:
            collection = SubElement(element, "Collection")
            for inner in value:
                SubElement(collection, "String").text = inner


def as_json(schema: Schema, version: str) -> dict[str, Any]:
    """CSDL JSON."""
    own: dict[str, Any] = {one.name: _json_structure(one) for one in schema.structures}
    sets = {named.name: _json_set(named) for named in schema.sets}
    own[CONTAINER] = {"$Kind": "EntityContainer", **sets, **_json_terms(schema.terms)}
    references = {
        f"{address}.json": {"$Include": [{"$Namespace": name}]}
        for name, address in _VOCABULARIES.items()
    }
    return {
        "$Version": version,
        "$EntityContainer": f"{NAMESPACE}.{CONTAINER}",
        "$Reference": references,
        NAMESPACE: own,
    }


def _json_structure(structure: Structure) -> dict[str, Any]:
    found: dict[str, Any] = {"$Kind": "EntityType" if structure.key else "ComplexType"}
    if structure.open:
        found["$OpenType"] = True
    if structure.key:
        found["$Key"] = [structure.key]
    found.update((member.name, _json_member(member)) for member in structure.members)
    found.update(_json_links(structure.links))
    return found


def _json_links(links: Iterable[Link]) -> dict[str, Any]:
    contained = {"$Kind": "NavigationProperty", "$Collection": True, "$ContainsTarget": True}
    return {link.name: {**contained, "$Type": f"{NAMESPACE}.{link.type}"} for link in links}


def _json_member(member: Member) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if member.type != "Edm.String":
        found["$Type"] = member.type
    if member.collection:
        found["$Collection"] = True
    if member.nullable:
        found["$Nullable"] = True
    if member.type == "Edm.DateTimeOffset":
        found["$Precision"] = _PRECISION
    return found


def _json_set(named: NamedSet) -> dict[str, Any]:
    return {"$Collection": True, "$Type": named.type, **_json_terms(named.terms)}


def _json_terms(terms: Mapping[str, Any]) -> dict[str, Any]:
    return {f"@{term}": _json_value(value) for term, value in terms.items()}


def _json_value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _json_value(inner) for name, inner in value.items()}
    return value.member if isinstance(value, Enumerated) else value
