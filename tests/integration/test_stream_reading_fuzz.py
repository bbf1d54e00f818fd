"""Any request to read streams is answered in form, and its pages join to the whole."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.api.streams.asked import SHORT
from hub.series.names import TIME_LETTERS, VALUE_LETTERS
from hub.services import Services, scopes

ROOT = "/api/v1/stream/"
Y2K_S = 946_684_800
SPAN_S = 3 * 86_400
POINTS = [
    {"t": Y2K_S + at, "v": None if at % 7 == 0 else at % 1000 - 0.25 * (at % 3)}
    for at in (i * i % SPAN_S for i in range(400))
] + [{"t": Y2K_S + 40 * 86_400, "v": 2**60}]

TIMES = st.integers(-60, SPAN_S + 60).map(lambda at: str(Y2K_S + at))
TEXTS = {
    "granularity": st.sampled_from(
        ["seconds", "S", "minutes", "M", "h", "6hours", "d", "weeks", "months", "years", ""]
    ),
    "start": TIMES,
    "end": TIMES,
    "start_exclusive": TIMES,
    "end_exclusive": TIMES,
    "value_downsamplers": st.lists(st.sampled_from([*VALUE_LETTERS.values(), "x"]), min_size=1)
    .map(",".join),
    "time_downsamplers": st.lists(st.sampled_from([*TIME_LETTERS.values(), "x"]), min_size=1)
    .map(",".join),
    "reverse": st.sampled_from(["1", "0", "true", ""]),
    "limit": st.sampled_from(["0", "1", "7", "100", "99999", "-1", "x"]),
    "offset": st.sampled_from(["0", "1", "5", "300", str(2**53), str(2**70), ""]),
    "partial": st.sampled_from(["1", "0"]),
    "tz": st.sampled_from(["Europe/Ljubljana", "America/St_Johns", "Asia/Kathmandu", "UTC", "x"]),
    "points": st.sampled_from(["1", "2", "10", "300", "10000", "0"]),
    "downsample": st.sampled_from(["lttb", "m4", "x"]),
    "format": st.sampled_from(["json", "xml", "csv", "ndjson", "jsonp", "yaml"]),
    "callback": st.sampled_from(["show", "1"]),
    "tags__unit": st.text(),
}  # fmt: skip
NAMES = {**{name: name for name in TEXTS}, **{short: name for name, short in SHORT.items()}}
PAIRS = st.lists(
    st.sampled_from(sorted(NAMES)).flatmap(
        lambda name: st.tuples(st.just(name), TEXTS[NAMES[name]] | st.text(max_size=3))
    ),
    max_size=6,
)


@pytest.fixture(scope="module")
def urls(client: FlaskClient, services: Services) -> list[str]:
    """The list, a set, and a stream of each value type."""
    key = {"X-API-Key": services.keys.create("writer", [scopes.STREAM_WRITE]).secret}
    kinds: list[dict[str, Any]] = [
        {},
        {"value_type": "nominal"},
        {"value_downsamplers": [], "highest_granularity": "minutes"},
    ]
    made = []
    for number, wanted in enumerate(kinds):
        body = {"title": f"stream {number}", "public": True, **wanted}
        made.append(client.post(ROOT, json=body, headers=key).json["id"])
        put = client.put(f"{ROOT}{made[-1]}/", json=POINTS, headers=key)
        assert put.status_code == 201, put.data
    return [ROOT, f"{ROOT}set/{';'.join(made)}/", *(f"{ROOT}{stream}/" for stream in made)]


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_any_query_is_answered_or_refused(
    client: FlaskClient, urls: list[str], data: st.DataObject
) -> None:
    url, pairs = data.draw(st.sampled_from(urls)), data.draw(PAIRS)
    answer = client.get(url, query_string=pairs)
    if answer.status_code != 200:
        assert (answer.status_code, list(answer.json)) == (400, ["error"]), answer.data
    elif answer.mimetype == "application/json":
        json.loads(answer.data)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_pages_join_to_the_whole(client: FlaskClient, urls: list[str], data: st.DataObject) -> None:
    url = data.draw(st.sampled_from(urls[2:]))
    query = {
        "g": data.draw(st.sampled_from(["s", "M", "h", "H", "d", "weeks"])),
        "r": data.draw(TEXTS["reverse"]),
        "partial": data.draw(TEXTS["partial"]),
        data.draw(st.sampled_from(["s", "sx"])): data.draw(TIMES),
        data.draw(st.sampled_from(["e", "ex"])): data.draw(TIMES),
    }
    whole = client.get(url, query_string={**query, "limit": 10_000}).json
    size = 1 + len(whole["datapoints"]) // data.draw(st.integers(1, 6))
    link, joined = client.get(url, query_string={**query, "limit": size}).json, []
    joined += link["datapoints"]
    while link["meta"]["next"]:
        link = client.get(link["meta"]["next"]).json
        joined += link["datapoints"]
    assert joined == whole["datapoints"]
    assert len(joined) == whole["meta"]["total_count"] == link["meta"]["total_count"]
