"""Tokens: Gemma's special ones at Gemma's numbers, then whole phrases of the tasks' prompts.

Training ids are made by llama.cpp itself from a GGUF that holds the vocabulary alone, so that
training and use cannot differ. Coordinates are written digit by digit; only the names of slices
hold their number as one piece, so that a slice is pointed at by saying one token again.
"""

import ctypes
import re
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import llama_cpp
from gguf import GGUFWriter, TokenType
from gguf_files import Vocabulary, gemma_vocabulary, learnt_pieces, write_vocabulary

MERGES = 4000


def learn(phrases: Iterable[str], whole: Iterable[str]) -> Vocabulary:
    """A vocabulary in which each phrase, between its digits and line breaks, is one piece.

    Those that are ``whole`` are one with their digits.
    """
    texts = (*(s for p in phrases for s in segments(p)), *whole)
    words = Counter(tuple(text.replace(" ", "▁")) for text in texts)
    return gemma_vocabulary(learnt_pieces(words, MERGES))


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
