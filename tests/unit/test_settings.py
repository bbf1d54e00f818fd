"""Settings: everything that is wrong is said at once, and secrets are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.errors import SetupError
from hub.settings import Settings, names


def test_nothing_given_is_the_embedded_hub() -> None:
    settings = Settings.from_env({"PATH": "/bin", "HOME": "x"})
    assert settings == Settings()
    assert settings.mongo_uri is None


def test_groups_are_named_by_their_prefix() -> None:
    given = {"HUB_QUERY_DEPTH_MAX": "7", "HUB_INGEST_DEPTH_MAX": "9", "HUB_ANSWER_STREAM_S": "1.5"}
    settings = Settings.from_env(given | {"HUB_DATA_DIR": "elsewhere"})
    assert (settings.query.depth_max, settings.ingest.depth_max) == (7, 9)
    assert (settings.answer.stream_s, settings.data_dir) == (1.5, Path("elsewhere"))


def test_every_fault_is_told_in_one_message() -> None:
    given = {"HUB_TYPO": "1", "HUB_WEB_WORKERS": "two", "HUB_WEB_THREADS": "-1"}
    with pytest.raises(SetupError) as failure:
        Settings.from_env(given)
    for fault in ("HUB_TYPO: unknown", "HUB_WEB_WORKERS: not a valid int", "HUB_WEB_THREADS"):
        assert fault in failure.value.message


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"HUB_MONGO_URI": "mongodb://x"}, "HUB_SECRET: required with HUB_MONGO_URI"),
        ({"HUB_SECRET": "short"}, "HUB_SECRET: shorter than 32 characters"),
        ({"HUB_QUERY_DEPTH_MAX": "41"}, "depth_max"),
        ({"HUB_INGEST_DEPTH_MAX": "91"}, "HUB_INGEST_DEPTH_MAX: at most 90"),
        ({"HUB_INGEST_DOCUMENTS_MAX": "1048577"}, "HUB_INGEST_DOCUMENTS_MAX: at most"),
        ({"HUB_MONGOD_CACHE_GB": "0.1"}, "HUB_MONGOD_CACHE_GB: less than 0.25"),
        ({"HUB_HAMACHI_COMMAND": "bin/hamachi"}, "HUB_HAMACHI_COMMAND: neither an absolute path"),
        ({"HUB_HAMACHI_COMMAND": "./hamachi"}, "HUB_HAMACHI_COMMAND: neither an absolute path"),
        ({"HUB_ANSWER_STREAM_S": "nan"}, "HUB_ANSWER_STREAM_S: not a valid float"),
    ],
)
def test_a_setting_out_of_bounds_is_refused(given: dict[str, str], fault: str) -> None:
    with pytest.raises(SetupError, match=fault):
        Settings.from_env(given)


def test_secrets_do_not_show() -> None:
    settings = Settings(secret="s3cr3t" * 10, mongo_uri="mongodb://u:hidden@h")
    assert "s3cr3t" not in repr(settings)
    assert "hidden" not in repr(settings)


def test_every_variable_has_one_meaning() -> None:
    assert len(set(names())) == len(names())
