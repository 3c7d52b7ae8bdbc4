"""First and second question about one picture: our engine beside llama-cpp-python's own handler.

``python tests/benchmarks/bench_engine.py`` prints JSON lines: seconds to the first token, and
their ratio, on the stand-in model. ``--full-size FOLDER`` takes full.gguf and full-mmproj.gguf
from there, which ``packaging/make_tiny_model.py --full-size FOLDER`` writes. Both programs run in a
child with the same threads, priority and way of waiting; loading is not counted.
"""

import argparse
import base64
import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from llama_cpp import Llama, LogitsProcessorList
from llama_cpp.llama_chat_format import MTMDChatHandler
from PIL import Image

from assistant.engines.gguf import read_header
from assistant.engines.process import Engine, Question
from assistant.engines.protocol import Part, Settings, Token
from resources import path as resource
from viewer.children import lower_priority

QUESTIONS = ("Is the heart enlarged?", "Where is the pleural effusion?")
ANSWER_TOKENS = 16
PEER_S = 1200
TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}<start_of_turn>user\n"
    "{% for p in m['content'] %}{{ p['text'] }}{% endfor %}<end_of_turn>\n{% endfor %}"
    "<start_of_turn>model\n"
)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--full-size", type=Path, metavar="FOLDER")
    arguments.add_argument("--threads", type=int, default=2)
    arguments.add_argument("--peer", type=Path, nargs=2, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.peer:
        lower_priority()
        print(json.dumps(peer_times(*given.peer, given.threads)))
        return
    pair = resource("tiny_model/tiny.gguf"), resource("tiny_model/tiny-mmproj.gguf")
    if given.full_size:
        pair = given.full_size / "full.gguf", given.full_size / "full-mmproj.gguf"
    ours = engine_times(*pair, given.threads)
    theirs = run_peer(pair, given.threads)
    for i, name in enumerate(("first question", "second question")):
        line = {
            "what": name,
            "engine_first_token_s": round(ours[i][0], 3),
            "engine_total_s": round(ours[i][1], 3),
            "handler_first_token_s": round(theirs[i], 3),
            "ratio": round(ours[i][0] / theirs[i], 3),
            **ours[i][2],
        }
        print(json.dumps(line), flush=True)


def picture(side: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)


def engine_times(model: Path, projector: Path, threads: int) -> list[tuple]:
    """(first token, total, counts and timings) of each question, from before it is sent."""
    engine = Engine()
    engine.choose(model, projector, Settings(threads=threads))
    list(engine.load())
    side = engine.facts.projector.image_size
    taken = []
    for words in QUESTIONS:
        began, first = time.perf_counter(), 0.0
        parts = (
            Part("control", "<start_of_turn>user\n\n\n"),
            Part("image", image=0),
            Part("ours", "\n\n"),
            Part("untrusted", words),
            Part("control", "<end_of_turn>\n<start_of_turn>model\n"),
        )
        asked = Question("A", parts, (picture(side),), max_tokens=ANSWER_TOKENS)
        for event in engine.ask(asked):
            if isinstance(event, Token) and not first:
                first = time.perf_counter() - began
        done = event
        details = {
            "images_encoded": done.counts.images_encoded,
            "tokens_reused": done.counts.tokens_reused,
            "encode_s": round(done.timings.encode, 3),
            "prompt_s": round(done.timings.prompt, 3),
        }
        taken.append((first, time.perf_counter() - began, details))
    engine.close()
    return taken


def run_peer(pair: tuple[Path, Path], threads: int) -> list[float]:
    command = [sys.executable, __file__, "--threads", str(threads), "--peer", *map(str, pair)]
    environment = {**os.environ, "SECOND_READ_NICE": "10", "OMP_WAIT_POLICY": "passive"}
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, timeout=PEER_S, check=False
    )
    if done.returncode:
        sys.exit(done.stderr[-2000:])
    return json.loads(done.stdout.splitlines()[-1])


def peer_times(model: Path, projector: Path, threads: int) -> list[float]:
    """Seconds to the first token of each question through MTMDChatHandler, as it comes.

    The answer is made to end there: on the stand-in's random bytes it never would by itself.
    """
    handler = MTMDChatHandler(clip_model_path=str(projector), verbose=False)
    llama = Llama(str(model), chat_handler=handler, n_ctx=4096, n_threads=threads,
                  n_threads_batch=threads, n_gpu_layers=0, verbose=False)  # fmt: skip
    llama.metadata["tokenizer.chat_template"] = TEMPLATE
    handler._init_mtmd_context(llama)
    side = read_header(projector).number("clip.vision.image_size")
    file = io.BytesIO()
    Image.fromarray(picture(side)).save(file, "PNG")
    url = "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
    taken: list[float] = []

    def end(_ids: np.ndarray, scores: np.ndarray) -> np.ndarray:
        return np.where(np.arange(scores.size) == llama.token_eos(), 0.0, -np.inf).astype(np.single)

    for words in QUESTIONS:
        shown = {"type": "image_url", "image_url": {"url": url}}
        messages = [{"role": "user", "content": [shown, {"type": "text", "text": words}]}]
        began = time.perf_counter()
        llama.create_chat_completion(
            messages, temperature=0.0, logits_processor=LogitsProcessorList([end])
        )
        taken.append(time.perf_counter() - began)
    return taken


if __name__ == "__main__":
    main()
