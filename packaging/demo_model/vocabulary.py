"""Tokens: Gemma's special ones at Gemma's numbers, then whole phrases of the tasks' prompts.

Training ids are made by llama.cpp itself from a GGUF that holds the vocabulary alone, so that
training and use cannot differ. No piece holds two digits: numbers are written digit by digit.
"""

import ctypes
import re
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import llama_cpp
from gguf import GGUFWriter, TokenType
from make_tiny_model import CHARACTERS, Vocabulary, learn_merges

BOS, END_OF_TURN = 2, 106
MERGES = 4000


def learn(phrases: Iterable[str]) -> Vocabulary:
    """A vocabulary in which each phrase, between its digits and line breaks, is one piece."""
    made = Vocabulary([], [], [])

    def add(text: str, score: float, kind: TokenType) -> None:
        made.texts.append(text.encode())
        made.scores.append(score)
        made.kinds.append(int(kind))

    control = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "[multimodal]"]
    control += [f"<unused{i}>" for i in range(99)] + ["<start_of_turn>", "<end_of_turn>"]
    for text in control:
        add(text, 0.0, TokenType.UNKNOWN if text == "<unk>" else TokenType.CONTROL)
    for count in range(1, 32):
        add("\n" * count, 0.0, TokenType.USER_DEFINED)
    for byte in range(256):
        add(f"<0x{byte:02X}>", 0.0, TokenType.BYTE)
    for text in ("<start_of_image>", "<end_of_image>"):
        add(text, 0.0, TokenType.CONTROL)
    words = Counter(tuple(s.replace(" ", "▁")) for p in phrases for s in segments(p))
    single = sorted({c for word in words for c in word} | set(CHARACTERS))
    for rank, text in enumerate(dict.fromkeys([*learn_merges(words, MERGES), *single])):
        add(text, -float(rank), TokenType.NORMAL)
    return made


def segments(phrase: str) -> list[str]:
    """A phrase cut at digits and line breaks, which stay single."""
    return [s for s in re.split(r"\d|\n+", phrase) if s]


class Tokenizer:
    """llama.cpp's tokenizer on a vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._quiet = llama_cpp.llama_log_callback(lambda *_: None)
        llama_cpp.llama_log_set(self._quiet, ctypes.c_void_p(0))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "vocabulary.gguf")
            writer = GGUFWriter(path, "gemma3")
            write_vocabulary(writer, vocabulary)
            writer.add_context_length(4096)
            for add in (writer.add_embedding_length, writer.add_feed_forward_length):
                add(32)
            for add in (writer.add_block_count, writer.add_head_count):
                add(1)
            writer.write_header_to_file()
            writer.write_kv_data_to_file()
            writer.close()
            parameters = llama_cpp.llama_model_default_params()
            parameters.vocab_only = True
            self._model = llama_cpp.llama_model_load_from_file(str(path).encode(), parameters)
        self._vocab = llama_cpp.llama_model_get_vocab(self._model)
        self.digits = tuple(self.ids(str(d))[0] for d in range(10))

    def __len__(self) -> int:
        return len(self.vocabulary.texts)

    def ids(self, text: str, *, special: bool = False) -> list[int]:
        """Token ids of one part of a prompt."""
        data = text.encode()
        room = (llama_cpp.llama_token * (len(data) + 8))()
        count = llama_cpp.llama_tokenize(
            self._vocab, data, len(data), room, len(room), False, special
        )
        if count < 0:
            raise ValueError(text)
        return list(room[:count])

    def text(self, ids: Iterable[int]) -> str:
        """What the ids say; control tokens say nothing."""
        kinds = self.vocabulary.kinds
        pieces = (self.vocabulary.texts[i] for i in ids if kinds[i] != TokenType.CONTROL)
        return b"".join(pieces).decode().replace("▁", " ")


def write_vocabulary(writer: GGUFWriter, vocabulary: Vocabulary) -> None:
    """The tokenizer's keys of a GGUF."""
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(vocabulary.texts)
    writer.add_token_scores(vocabulary.scores)
    writer.add_token_types(vocabulary.kinds)
    writer.add_bos_token_id(BOS)
    writer.add_eos_token_id(END_OF_TURN)
    writer.add_unk_token_id(3)
    writer.add_pad_token_id(0)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(False)
