"""The house rules that no linter keeps."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from hub.api.errors import status_of
from hub.errors import HubError

ROOT = Path(__file__).parent.parent.parent
FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 50


def modules() -> Iterator[Path]:
    yield from (ROOT / "hub").rglob("*.py")
    yield from (ROOT / "bench").rglob("*.py")


def kinds(root: type[HubError]) -> Iterator[type[HubError]]:
    for kind in root.__subclasses__():
        yield kind
        yield from kinds(kind)


def test_no_file_and_no_function_grows_beyond_reading() -> None:
    too_long = []
    for path in modules():
        text = path.read_text("utf-8")
        if text.count("\n") > FILE_LINES_MAX:
            too_long.append(path.name)
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                length = (node.end_lineno or 0) - node.lineno + 1
                if length > FUNCTION_LINES_MAX:
                    too_long.append(f"{path.name}:{node.name}")
    assert too_long == []


def test_every_module_says_what_it_is() -> None:
    silent = [p for p in modules() if not ast.get_docstring(ast.parse(p.read_text("utf-8")))]
    assert silent == []


def test_every_expected_failure_has_a_status_that_is_not_500() -> None:
    assert [kind for kind in kinds(HubError) if status_of(kind) == 500] == []


def test_only_entry_points_read_the_environment() -> None:
    allowed = {"wsgi.py", "worker.py", "serve.py", "session.py", "lease.py"}
    readers = {p.name for p in (ROOT / "hub").rglob("*.py") if "os.environ" in p.read_text("utf-8")}
    assert readers <= allowed
