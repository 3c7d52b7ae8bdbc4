import subprocess
import sys

import pytest

from viewer.render.probe import GlProbe, is_hardware_name, probe_gl, read_answer


@pytest.mark.parametrize(
    "renderer",
    [
        "llvmpipe (LLVM 15.0.6, 256 bits)",
        "softpipe",
        "Google SwiftShader",
        "GDI Generic",
        "Microsoft Basic Render Driver",
        "Apple Software Renderer",
        "",
    ],
)
def test_software_and_unnamed_renderers_are_no_hardware(renderer: str) -> None:
    assert not is_hardware_name(renderer)


@pytest.mark.parametrize(
    "renderer", ["NVIDIA GeForce RTX 3060/PCIe/SSE2", "Mesa Intel(R) UHD Graphics 620", "Apple M2"]
)
def test_graphics_cards_are(renderer: str) -> None:
    assert is_hardware_name(renderer)
    assert GlProbe("drawn", renderer, 3.0).is_hardware
    assert not GlProbe("crashed", renderer, 3.0).is_hardware


@pytest.mark.parametrize("answer", [b"", b"[]", b"noise", b'{"renderer": 3}', b'{"frame_ms": "x"}'])
def test_an_odd_answer_means_cpu(answer: bytes) -> None:
    assert read_answer(answer) == GlProbe("unreadable")


def test_the_last_line_is_the_answer() -> None:
    answer = b'driver says hello\n{"outcome": "drawn", "renderer": "card", "frame_ms": 4.5}\n'
    assert read_answer(answer) == GlProbe("drawn", "card", 4.5)


def test_the_child_comes_back_with_an_answer() -> None:
    found = probe_gl()
    assert found.outcome in {"drawn", "crashed", "silent"}
    assert found.is_hardware == (found.outcome == "drawn" and is_hardware_name(found.renderer))


@pytest.mark.parametrize(
    ("program", "outcome"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "crashed"),
        ("import time; time.sleep(60)", "silent"),
    ],
)
def test_a_child_that_dies_or_hangs_means_cpu(
    monkeypatch: pytest.MonkeyPatch, program: str, outcome: str
) -> None:
    real_run = subprocess.run

    def run_other(_command, **options):
        options["timeout"] = 0.5
        return real_run([sys.executable, "-c", program], **options)

    monkeypatch.setattr(subprocess, "run", run_other)
    assert probe_gl() == GlProbe(outcome)
