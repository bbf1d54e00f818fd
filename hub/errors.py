"""Everything that can go wrong in a way the hub expects: one tree, no HTTP.

A failure that is not a ``HubError`` is a bug. ``code`` is stable and public, listed in
``docs/errors.md``; ``detail`` is public too and holds no secret and no address of a machine.
"""

from __future__ import annotations

from typing import Any, ClassVar


class HubError(Exception):
    """The root. Its facts stand in ``detail``; its sentence is for a person."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, **detail: Any) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class Invalid(HubError):
    """The input breaks a rule; nothing was changed. ``detail`` says where it stands."""

    code = "invalid"


class NotJson(Invalid):
    """The bytes are not one well-formed UTF-8 JSON text."""

    code = "not_json"


class BadEncoding(Invalid):
    """The compressed body cannot be unpacked."""

    code = "bad_encoding"


class BadDocument(Invalid):
    """A document has a field name or a value that cannot be stored as it was sent."""

    code = "bad_document"


class BadObservation(BadDocument):
    """A row breaks rules of the observation schema; ``findings`` says which, and where."""

    code = "bad_observation"


class BadDatapoint(Invalid):
    """A datapoint is not ``{t, v}`` with a time and a value that its stream takes."""

    code = "bad_datapoint"


class LateDatapoint(Invalid):
    """A datapoint is older than the newest of a stream that refuses those."""

    code = "late_datapoint"


class BadParameter(Invalid):
    """A parameter of the query string is unknown, malformed or out of its range."""

    code = "bad_parameter"


class BadField(Invalid):
    """A field of a body is unknown, missing, malformed or out of its range; ``fields`` says."""

    code = "bad_field"


class BadToken(Invalid):
    """An ``after`` token was altered, or belongs to another query."""

    code = "bad_token"


class BadQuery(Invalid):
    """A query holds an operator, a shape or a value that is not allowed where it stands."""

    code = "bad_query"


class QueryTooComplex(BadQuery):
    """A query is deeper, wider or longer than its limit."""

    code = "query_too_complex"


class BadOData(BadQuery):
    """OData text is malformed, or its types do not fit; ``offset`` says where, in characters."""

    code = "bad_odata"


class RefusedByServer(BadQuery):
    """MongoDB could not run the query on this data."""

    code = "query_failed"


class BadStreamId(Invalid):
    """What should name a stream is no UUID."""

    code = "bad_stream_id"


class BadStream(Invalid):
    """What a stream shall be is malformed or contradicts itself; ``path`` says where."""

    code = "bad_stream"


class IncompatibleGranularities(Invalid):
    """A derived stream reads a source, or is kept, at a level that is too fine."""

    code = "incompatible_granularities"


class IncompatibleTypes(Invalid):
    """A stream of this value type cannot be filled from there."""

    code = "incompatible_types"


class UnsupportedDeriveOperator(Invalid):
    """No such operator for streams of this value type."""

    code = "unsupported_derive_operator"


class InvalidOperatorArguments(Invalid):
    """The operator takes other inputs or arguments."""

    code = "invalid_operator_arguments"


class BadLicense(Invalid):
    """A licence that is not taken; ``reason`` says why."""

    code = "bad_license"


class Unauthorized(HubError):
    """No key, or none that opens this door; says no more than that."""

    code = "unauthorized"


class Forbidden(HubError):
    """The key is good, and does not allow this."""

    code = "forbidden"


class NotFound(HubError):
    """What was named does not exist."""

    code = "not_found"


class StreamNotFound(NotFound):
    """There is no such stream, or the key does not open it."""

    code = "stream_not_found"


class Conflict(HubError):
    """It collides with what is there."""

    code = "conflict"


class KeyReused(Conflict):
    """An ``Idempotency-Key`` came again with another request."""

    code = "idempotency_key_reused"


class InconsistentStream(Conflict):
    """The stream is there, and made in another way."""

    code = "inconsistent_stream"


class MultipleStreams(Conflict):
    """Several streams have these query tags."""

    code = "multiple_streams"


class InUse(Conflict):
    """Other things belong to it, and nothing was said of what becomes of them."""

    code = "in_use"


class OutstandingDependencies(Conflict):
    """Other streams are derived from it."""

    code = "outstanding_dependencies"


class TooLarge(HubError):
    """The body is over a limit, named in ``detail``."""

    code = "too_large"


class UnsupportedMedia(HubError):
    """The body is of a type or an encoding that is not taken here."""

    code = "unsupported_media_type"


class NotAcceptable(HubError):
    """None of the formats asked for can be given."""

    code = "not_acceptable"


class OverBudget(HubError):
    """The query ran out of its time; ``detail`` says what to narrow."""

    code = "over_budget"


class SlowClient(HubError):
    """The client announced a body and did not send it."""

    code = "slow_client"


class TooMany(HubError):
    """Too many at once, or too often; ``retry_after_s`` in ``detail`` says when to come again."""

    code = "too_many_requests"


class Unsupported(HubError):
    """This database server cannot do it."""

    code = "unsupported"


class UnsupportedOData(Unsupported):
    """Well-formed OData that the hub does not do; ``name`` says what."""

    code = "unsupported_odata"


class Unavailable(HubError):
    """The database cannot be reached or did not confirm; it is not known what it did."""

    code = "unavailable"


class FetchRefused(Invalid):
    """A URL is not fetched: it is none that may be, or leads to where the hub may not look."""

    code = "fetch_refused"


class FetchFailed(HubError):
    """The other host did not give a page that is read; ``reason`` says in which way."""

    code = "fetch_failed"


class FetchTimeout(FetchFailed):
    """The other host did not give its page in time."""

    code = "fetch_timeout"


class BadAddress(Invalid):
    """An address is not in the form of its device's protocol, or is not there to be written."""

    code = "bad_address"


class BadDeviceValue(Invalid):
    """A value is not of the type, or beyond the range, of what it is written to or read as."""

    code = "bad_device_value"


class DeviceError(HubError):
    """What a machine in the plant did not do. ``device_code`` is what it said, where it did."""

    code = "device_error"


class DeviceRefused(DeviceError):
    """The device answered that it will not; ``device_code`` names its reason."""

    code = "device_refused"


class DeviceGarbled(DeviceError):
    """What came from the device is not an answer to what it was asked."""

    code = "device_garbled"


class DeviceUnreachable(DeviceError):
    """There is no connection to the device, or it was lost."""

    code = "device_unreachable"


class DeviceTimeout(DeviceError):
    """The device did not answer in time."""

    code = "device_timeout"


class HamachiError(HubError):
    """The program of the virtual network did what it does not do, or says what is not known."""

    code = "hamachi_error"


class HamachiUnavailable(HamachiError):
    """It cannot be used now; ``reason`` says why."""

    code = "hamachi_unavailable"


class HamachiTimeout(HamachiError):
    """It did not answer in time."""

    code = "hamachi_timeout"


class GrantExpired(HubError):
    """A grant for a terminal came after its time."""

    code = "grant_expired"


class GrantUsed(Conflict):
    """A grant for a terminal that opened a session came again."""

    code = "grant_used"


class TerminalRefused(HubError):
    """The agent of a host does not take a browser's offer; ``reason`` says why."""

    code = "terminal_refused"


class TerminalTimeout(HubError):
    """The agent of a host did not answer in time."""

    code = "terminal_timeout"


class PageUnavailable(HubError):
    """A page for people needs something that is not installed; the sentence says how it is."""

    code = "page_unavailable"


class SetupError(HubError):
    """The hub cannot start as it is configured."""

    code = "setup"
