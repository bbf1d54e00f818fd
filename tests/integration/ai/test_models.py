"""Models run in a process of their own: right numbers, clear refusals, and nothing beyond."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hub.ai import running
from hub.ai.models import FILE_BYTES_MAX
from hub.ai.refusal import Unfit
from hub.ai.running import PROGRAM, Broken, Running, checked
from hub.errors import Unavailable
from tests import ai_models as make

RNG = np.random.default_rng(5)
BUDGET_S = 30.0


def outputs(content: bytes, windows: Any, kind: Any = "cnn_ae") -> Any:
    with Running(content, kind) as model:
        return model.outputs(np.asarray(windows, np.float32), BUDGET_S)


def test_a_dense_autoencoder_gives_what_its_matrix_gives():
    matrix, bias, windows = RNG.normal(size=(6, 6)), RNG.normal(size=6), RNG.normal(size=(50, 6))
    found = outputs(make.dense(matrix, bias), windows)
    assert found == pytest.approx(windows @ matrix.T + bias, abs=1e-5)


@pytest.mark.parametrize("batch", [1, -1])
def test_a_convolution_gives_what_numpy_gives(batch: int):
    kernel, windows = RNG.normal(size=5), RNG.normal(size=(20, 16))
    found = outputs(make.convolving(kernel, 16, batch=batch), windows)
    expected = [np.convolve(row, kernel[::-1], mode="same") for row in windows]
    assert found == pytest.approx(np.array(expected), abs=1e-5)


WEIGHTS = {
    "w_input": 1.1, "w_forget": 0.3, "w_cell": 0.7, "w_output": -0.4, "r_input": 0.2,
    "r_forget": -0.6, "r_cell": 0.5, "r_output": 0.9, "b_input": 0.1, "b_forget": 1.0,
    "b_cell": -0.2, "b_output": 0.3,
}  # fmt: skip


def lstm(window: Any) -> list[float]:
    """An LSTM of one cell, from nothing."""
    state = cell = 0.0
    found = []
    for value in window:
        sums = {
            gate: WEIGHTS[f"w_{gate}"] * value + WEIGHTS[f"r_{gate}"] * state + WEIGHTS[f"b_{gate}"]
            for gate in make.GATES
        }
        opened = {gate: 1 / (1 + np.exp(-total)) for gate, total in sums.items()}
        cell = opened["forget"] * cell + opened["input"] * np.tanh(sums["cell"])
        state = opened["output"] * np.tanh(cell)
        found.append(state)
    return found


def test_an_lstm_begins_every_window_with_nothing():
    windows = RNG.normal(size=(5, 8))
    found = outputs(make.remembering(WEIGHTS, 8), windows, "lstm_ae")
    assert found == pytest.approx(np.array([lstm(row) for row in windows]), abs=1e-5)


def test_whole_numbers_stand_for_others():
    found = outputs(make.whole_numbers(4, 0.5, 3), [[0.0, 1.1, -2.4, 1e9]])
    assert found.tolist() == [[0.0, 1.0, -2.5, (127 - 3) * 0.5]]


@pytest.mark.parametrize(
    ("content", "kind", "expected"),
    [
        (make.dense(np.eye(4)), "cnn_ae", (4, 1, ["mean"])),
        (make.convolving(np.ones(27), 8, 3), "cnn_ae", (8, 3, ["mean"])),
        (make.dense(np.eye(4), outputs=2), "sisvae", (4, 1, ["mean", "log_variance"])),
        (make.dense(np.eye(4), outputs=2, names=("z_log_var", "x")), "sisvae",
         (4, 1, ["log_variance", "mean"])),
        (make.dense(np.eye(4), outputs=2), "cnn_ae", (4, 1, ["mean", None])),
        (make.dense(np.eye(4)), "sisvae", (4, 1, ["mean"])),
    ],
    ids=["dense", "features", "two outputs", "named outputs", "one too many", "one"],
)  # fmt: skip
def test_what_a_model_takes_and_gives_is_read_from_it(content: bytes, kind: Any, expected: Any):
    shape = checked(content, kind)
    assert (shape.window, shape.features, [each.part for each in shape.outputs]) == expected
    assert shape.steady


GOOD = make.dense(np.eye(4))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "lacks the identifier"),
        (b"PK\3\4" + bytes(600), "lacks the identifier"),
        (bytes(FILE_BYTES_MAX + 1), "is over 20971520 bytes"),
        (GOOD[:200], "not a valid Flatbuffer"),
        (b"\0\0\0\0TFL3" + bytes(range(256)), "cannot be run"),
        (make.custom("FlexTensorListReserve"), "FlexTensorListReserve.*fixed batch size"),
        (make.custom("Nms"), "custom operator Nms"),
        (make.dense(np.ones((3, 4))), "no output of 4 values"),
        (make.dense(np.eye(4), shape=(1, -1)), "window must be fixed"),
        (make.dense(np.eye(4), shape=(2, 2)), r"input of shape \[2, 2\]"),
        (make.whole_numbers(4, 0.0, 0), "without one scale|cannot be run"),
        (make.enormous(), "cannot be run|more memory"),
    ],
    ids=["nothing", "a zip", "too large", "cut off", "noise", "flex", "custom", "another size",
         "open window", "batch of two", "scale of nothing", "enormous"],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_with_a_reason(content: bytes, reason: str):
    with pytest.raises(Unfit, match=reason):
        checked(content, "cnn_ae")


def test_an_open_batch_is_one_whatever_the_file_was_written_with():
    model = make.Model()
    given, out = model.add((-1, 4), name="input"), model.add((-1, 4), name="output")
    for tensor in model._tensors:
        tensor.shape = [3, 4]
    model.op("ABS", [given], [out], make.fb.AbsOptionsT())
    content = model.written([given], [out])
    assert outputs(content, [[1, -2, 3, -4], [0, 0, 0, -1]]).tolist() == [
        [1, 2, 3, 4],
        [0, 0, 0, 1],
    ]


def test_an_output_is_as_large_as_it_turns_out_to_be():
    model = make.Model()
    given, out = model.add((1, 1), name="input"), model.add((-1, -1), name="output")
    model.op("TILE", [given, model.constant([1, 5], "int32")], [out])
    with pytest.raises(Unfit, match="no output of 1 values"):
        checked(model.written([given], [out]), "cnn_ae")


def message(told: dict[str, Any], content: bytes) -> bytes:
    head = json.dumps(told | {"bytes": len(content)}).encode()
    return len(head).to_bytes(4, "big") + head + content


SLOW = {
    "inputs": [{"name": "", "shape": [1, 4], "dtype": "float32", "scales": [], "zeros": []}],
    "outputs": [{"name": "", "shape": [1, 4], "dtype": "float32", "scales": [], "zeros": []}],
    "same": True,
    "run_s": 2.5,
}


def test_a_model_that_is_too_slow_is_refused_before_it_keeps_others_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    program = tmp_path / "slow.py"
    answer = message(SLOW, b"")
    program.write_text(
        f"import sys; sys.stdout.buffer.write({answer!r}); sys.stdout.flush(); sys.stdin.read()"
    )
    monkeypatch.setattr(running, "PROGRAM", program)
    with pytest.raises(Unfit, match=r"takes 2\.5 s for one window"):
        checked(GOOD, "cnn_ae")


def test_a_model_without_an_end_is_ended(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(running, "TRIAL_S", 4)
    with pytest.raises(Unfit, match="its process took too long"):
        checked(make.endless(), "cnn_ae")


@pytest.mark.parametrize("seed", range(12))
def test_a_damaged_model_is_refused_or_runs(seed: int):
    rng, content = np.random.default_rng(seed), bytearray(GOOD)
    for at in rng.integers(8, len(content), 3):
        content[at] = int(rng.integers(256))
    with contextlib.suppress(Unfit):
        assert checked(bytes(content), "cnn_ae").size > 0


def test_more_windows_than_there_is_time_for_are_done_in_part():
    with Running(make.convolving(np.ones(7), 64), "cnn_ae") as model:
        done = model.outputs(np.zeros((model.together, 64), np.float32), 0.001)
        assert 1 <= len(done) < model.together
        assert len(model.outputs(np.zeros((2, 64), np.float32), BUDGET_S)) == 2


def test_a_machine_that_starts_no_process_is_not_the_fault_of_a_file(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(Unavailable, match="no process can be started"):
        checked(GOOD, "cnn_ae")


def test_a_process_that_is_gone_is_told():
    with Running(GOOD, "cnn_ae") as model:
        model._process.kill()
        with pytest.raises(Broken, match=r"signal 9|no answer"):
            model.outputs(np.zeros((1, 4), np.float32), BUDGET_S)


@pytest.mark.parametrize(
    "answer",
    [b"", b"\xff\xff\xff\xff", b"\0\0\0\x02{]", b"\0\0\0\x02[]", b"\0\0\0\x0c{\"bytes\": 1}x",
     b"\0\0\0\x0d{\"bytes\": -1}"],
)  # fmt: skip
def test_a_process_that_lies_is_not_believed(
    answer: bytes, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
):
    liar = tmp_path / "liar.py"
    liar.write_text(f"import sys; sys.stdout.buffer.write({answer!r})")
    monkeypatch.setattr(running, "PROGRAM", liar)
    with pytest.raises(Unfit, match="its process"):
        checked(GOOD, "cnn_ae")


TRIES = """
import os, runpy, socket
child = runpy.run_path({program!r}, run_name="child")
parent = os.getppid()
child["bounded"](5, 1 << 30)
if {confined}:
    assert child["confined"]()
os.close(2)
for what in (
    lambda: open("/etc/passwd"),
    lambda: socket.socket(),
    lambda: os.fork(),
    lambda: os.kill(parent, 0),
    lambda: os.execv("/bin/true", ["true"]),
    lambda: os.unlink("/nowhere"),
    lambda: bytearray(1 << 31),
)[:{count}]:
    try:
        what()
        print("done")
    except Exception as exc:
        print(type(exc).__name__)
"""


def tried(count: int, *, confined: bool) -> list[str]:
    """How the first of these end in a process with the limits of a model, and one place free."""
    text = TRIES.format(program=str(PROGRAM), count=count, confined=confined)
    done = subprocess.run(
        [sys.executable, "-I", "-c", text],
        capture_output=True,
        text=True,
        check=True,
        env={},
    )
    return done.stdout.split()


def test_the_process_may_do_nothing_to_others_and_takes_no_more_memory():
    assert tried(7, confined=True) == ["PermissionError"] * 6 + ["MemoryError"]


def test_without_that_the_same_things_are_possible():
    """What it is that confines: limits alone leave the place of a file that was closed."""
    assert tried(2, confined=False) == ["done", "done"]


def status(pid: int) -> dict[str, str]:
    """What the system says of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def limits(pid: int) -> dict[str, str]:
    """The hard limits of a process."""
    lines = Path(f"/proc/{pid}/limits").read_text().splitlines()[1:]
    return {line[:26].strip(): line[47:68].strip() for line in lines}


def test_the_process_has_nothing_of_the_hub(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HUB_SECRET", "a secret")
    with socket.socket() as listening, Running(GOOD, "cnn_ae") as model:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        pid = model.pid
        assert sorted(os.listdir(f"/proc/{pid}/fd")) == ["0", "1", "2"]
        assert b"HUB" not in Path(f"/proc/{pid}/environ").read_bytes()
        assert os.getsid(pid) == pid
        told = status(pid)
        assert (told["Seccomp"], told["NoNewPrivs"], told["Threads"]) == ("2", "1", "1")
        most = limits(pid)
        assert most["Max address space"] == str(running.MEMORY_BYTES)
        assert most["Max cpu time"] == str(running.LIFE_S)
        for none in ("Max file size", "Max core file size", "Max processes"):
            assert most[none] == "0"
        assert most["Max open files"] == "3"


def test_a_process_whose_hub_was_killed_ends_by_itself():
    """Nobody is there to end it; its model has no end."""
    child = subprocess.Popen(
        [sys.executable, "-I", str(PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with child:
        assert child.stdin
        told = {"cpu_s": 600, "memory_bytes": running.MEMORY_BYTES, "within_s": 1.0}
        child.stdin.write(message(told, make.endless()))
        child.stdin.close()
        try:
            assert child.wait(60) == -signal.SIGALRM
        finally:
            child.kill()


def test_a_process_that_cannot_be_confined_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    elsewhere = tmp_path / "child.py"
    elsewhere.write_text(PROGRAM.read_text().replace('"x86_64": (', '"none": ('))
    monkeypatch.setattr(running, "PROGRAM", elsewhere)
    running._tell_unconfined.cache_clear()
    for _ in range(2):
        assert checked(GOOD, "cnn_ae").size == 4
    (record,) = caplog.records
    assert "cannot confine" in record.message
