"""An engine whose answers are written down beforehand: same protocol, same process boundary.

Run by ``Engine(module=<this file>, arguments=(script,))``; ``script`` is a JSON file, read anew for
every question, of which every key may be missing::

    {"answer": "text" or a list used in turn, "thought": "text before it", "pace_s": 0.0,
     "fail": "sentence", "die_after_tokens": 3, "hold": "path: waits until this file exists",
     "image_size": 896, "tokens_per_image": 256, "name": "Scripted engine", "phantom_only": false}

Every question is appended to ``<script>.asked`` as a line of JSON: patient, parts, pictures.
"""

import hashlib
import json
import os
import queue
import sys
import threading
import time
from pathlib import Path

from assistant.engines import pictures
from assistant.engines.protocol import (
    REQUESTS,
    Ask,
    Counts,
    Done,
    Encode,
    Encoded,
    Failed,
    FileFacts,
    Forget,
    Forgotten,
    Inspect,
    Inspected,
    Load,
    Loaded,
    ModelFacts,
    Pairing,
    Progress,
    Provenance,
    Stop,
    Timings,
    Token,
    Unload,
    Unloaded,
)
from viewer.channel import ChannelError, child_channel
from viewer.errors import UserError

PIECE_CHARS = 5
LAYERS = 3
WAIT_S = 0.01
LONGEST_HOLD_S = 60.0


class ScriptedEngine:
    """Answers from the script until its pipe ends."""

    def __init__(self, channel, script: Path) -> None:
        self._channel = channel
        self._script = script
        self._waiting = queue.SimpleQueue()
        self._stopped: set[int] = set()
        self._seen: set[tuple[str, str]] = set()
        self._asked = 0

    def run(self) -> None:
        threading.Thread(target=self._receive, daemon=True).start()
        while True:
            request = self._waiting.get()
            try:
                self._serve(request)
            except UserError as error:
                self._channel.send(Failed(request.id, error.sentence, error.details))

    def _receive(self) -> None:
        try:
            while (request := self._channel.receive()) is not None:
                if isinstance(request, Stop):
                    self._stopped.add(request.id)
                else:
                    self._waiting.put(request)
        except ChannelError:
            pass
        os._exit(0)

    def _serve(self, request) -> None:
        if isinstance(request, Inspect):
            self._channel.send(self._inspected(request))
        elif isinstance(request, Load):
            self._channel.send(Progress(request.id, "load", 500, 1000))
            self._channel.send(Loaded(request.id, self._facts(request), 0.01))
        elif isinstance(request, Encode):
            encoded, reused = self._encode(request.id, request.pictures)
            is_complete = request.id not in self._stopped
            self._channel.send(Encoded(request.id, encoded, reused, is_complete))
        elif isinstance(request, Ask):
            self._answer(request)
        elif isinstance(request, Forget):
            self._seen = {seen for seen in self._seen if seen[0] != request.patient}
            self._channel.send(Forgotten(request.id))
        elif isinstance(request, Unload):
            self._channel.send(Unloaded(request.id))

    def _answer(self, ask: Ask) -> None:
        started = time.monotonic()
        script = self._read_script()
        self._note(ask)
        encoded, reused = self._encode(ask.id, ask.pictures)
        tokens = sum(len(part.text.split()) for part in ask.parts)
        self._channel.send(Progress(ask.id, "read", 0, tokens))
        self._hold(script, ask.id)
        if "fail" in script:
            raise UserError(script["fail"], "scripted")
        self._channel.send(Progress(ask.id, "write", 0, ask.max_tokens))
        first = time.monotonic() - started
        answers = script.get("answer", "Scripted answer.")
        answer = answers if isinstance(answers, str) else answers[self._asked % len(answers)]
        self._asked += 1
        written = self._write(ask, script, answer)
        stop = "stopped" if ask.id in self._stopped else "end"
        counts = Counts(encoded, reused, 0, tokens, written, 0)
        timings = Timings(0.0, 0.0, first, first, time.monotonic() - started)
        self._channel.send(Done(ask.id, stop, counts, timings, self._provenance(ask, script)))

    def _write(self, ask: Ask, script: dict, answer: str) -> int:
        written = 0
        for channel, text in (("thought", script.get("thought", "")), ("answer", answer)):
            for begin in range(0, len(text), PIECE_CHARS):
                if ask.id in self._stopped:
                    return written
                if written == script.get("die_after_tokens", -1):
                    os.kill(os.getpid(), 9)
                piece = text[begin : begin + PIECE_CHARS]
                self._channel.send(Token(ask.id, piece, channel))
                written += 1
                time.sleep(script.get("pace_s", 0.0))
        return written

    def _hold(self, script: dict, id: int) -> None:  # noqa: A002
        """Wait for a file, so that a test sees the engine reading for as long as it likes."""
        if "hold" not in script:
            return
        end = time.monotonic() + LONGEST_HOLD_S
        while time.monotonic() < end and id not in self._stopped:
            if Path(script["hold"]).exists():
                return
            time.sleep(WAIT_S)

    def _encode(self, id: int, shared) -> tuple[int, int]:  # noqa: A002
        encoded = reused = 0
        for index, picture in enumerate(shared):
            pictures.read(picture)
            key = (picture.patient, picture.digest)
            if key in self._seen:
                reused += 1
                continue
            for layer in range(LAYERS + 1):
                self._channel.send(Progress(id, "encode", layer, LAYERS, index, len(shared)))
            self._seen.add(key)
            encoded += 1
        return encoded, reused

    def _note(self, ask: Ask) -> None:
        line = {
            "patient": ask.patient,
            "parts": [[part.kind, part.text, part.image] for part in ask.parts],
            "pictures": [[p.width, p.height, p.digest] for p in ask.pictures],
            "max_tokens": ask.max_tokens,
            "grammar": ask.grammar,
        }
        with Path(f"{self._script}.asked").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def _read_script(self) -> dict:
        return json.loads(self._script.read_text(encoding="utf-8"))

    def _inspected(self, request: Inspect) -> Inspected:
        files = [self._file(path, is_model="mmproj" not in path) for path in request.paths]
        pairs = [
            Pairing(m, p, True, "", 1 << 20, 1 << 30)
            for m, model in enumerate(files)
            for p, projector in enumerate(files)
            if (model.role, projector.role) == ("model", "projector")
        ]
        return Inspected(request.id, tuple(files), tuple(pairs))

    def _file(self, path: str, *, is_model: bool) -> FileFacts:
        script = self._read_script()
        return FileFacts(
            path=path,
            role="model" if is_model else "projector",
            name=script.get("name", "Scripted engine"),
            architecture="gemma3" if is_model else "clip",
            quantization="F16",
            size_bytes=1 << 20,
            width=192,
            layers=6 if is_model else LAYERS,
            context=8192 if is_model else 0,
            image_size=0 if is_model else script.get("image_size", 896),
            tokens_per_image=0 if is_model else script.get("tokens_per_image", 256),
            is_phantom_only=is_model and script.get("phantom_only", False),
        )

    def _facts(self, load: Load) -> ModelFacts:
        return ModelFacts(
            model=self._file(load.model, is_model=True),
            projector=self._file(load.projector, is_model=False),
            model_sha256="a" * 64,
            projector_sha256="b" * 64,
            devices=(),
            gpu_layers=0,
            n_ctx=load.settings.n_ctx,
            threads=1,
            needed_bytes=1 << 20,
            llama_version="scripted",
            backend="scripted",
        )

    def _provenance(self, ask: Ask, script: dict) -> Provenance:
        name = script.get("name", "Scripted engine")
        words = json.dumps([[part.kind, part.text, part.image] for part in ask.parts])
        return Provenance(
            model_name=name,
            projector_name=name,
            model_sha256="a" * 64,
            projector_sha256="b" * 64,
            model_bytes=1 << 20,
            quantization="F16",
            metadata={},
            llama_version="scripted",
            backend="scripted",
            prompt_tokens_sha256=hashlib.sha256(words.encode()).hexdigest(),
            picture_digests=tuple(picture.digest for picture in ask.pictures),
            n_ctx=4096,
            temperature=ask.temperature,
            grammar=ask.grammar,
            max_tokens=ask.max_tokens,
            thought_tokens=ask.thought_tokens,
            is_phantom_only=script.get("phantom_only", False),
        )


if __name__ == "__main__":
    ScriptedEngine(child_channel(REQUESTS), Path(sys.argv[1])).run()
