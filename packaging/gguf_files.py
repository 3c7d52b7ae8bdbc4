"""What both makers of GGUF files share: a Gemma vocabulary, its keys, and writing a file.

Gemma's special tokens stand at Gemma's numbers; the pieces behind them are byte-pair merges in
rank order, each with a score that falls with its rank, so llama.cpp's tokenizer reaches them all.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from gguf import GGUFWriter, TokenType

BOS, UNKNOWN, PADDING, END_OF_TURN = 2, 3, 0, 106
CHARACTERS = (
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789▁.,:;!?()[]{}\"'`-_/=+*<>%#&@|"
)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Pieces with their scores and kinds, by token id."""

    texts: list[bytes]
    scores: list[float]
    kinds: list[int]


def gemma_vocabulary(pieces: Iterable[str]) -> Vocabulary:
    """Gemma's special tokens, newline runs and bytes, then the pieces in the order given."""
    made = Vocabulary([], [], [])
    control = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "[multimodal]"]
    control += [f"<unused{i}>" for i in range(99)] + ["<start_of_turn>", "<end_of_turn>"]
    for text in control:
        _add(made, text, 0.0, TokenType.UNKNOWN if text == "<unk>" else TokenType.CONTROL)
    for count in range(1, 32):
        _add(made, "\n" * count, 0.0, TokenType.USER_DEFINED)
    for byte in range(256):
        _add(made, f"<0x{byte:02X}>", 0.0, TokenType.BYTE)
    for text in ("<start_of_image>", "<end_of_image>"):
        _add(made, text, 0.0, TokenType.CONTROL)
    for rank, text in enumerate(dict.fromkeys(pieces)):
        _add(made, text, -float(rank), TokenType.NORMAL)
    return made


def learnt_pieces(words: Counter[tuple[str, ...]], merges: int) -> list[str]:
    """Byte-pair merges of the words, then every single character."""
    single = sorted({c for word in words for c in word} | set(CHARACTERS))
    return learn_merges(words, merges) + single


def learn_merges(words: Counter[tuple[str, ...]], count: int) -> list[str]:
    """Byte-pair merges in rank order; among pairs equally often the alphabetically first."""
    merges: list[str] = []
    current = dict(words)
    while len(merges) < count:
        pairs: Counter[tuple[str, str]] = Counter()
        for word, times in current.items():
            for pair in pairwise(word):
                pairs[pair] += times
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append("".join(best))
        merged: dict[tuple[str, ...], int] = {}
        for word, times in current.items():
            joined = _join(word, best) if best[0] in word else word
            merged[joined] = merged.get(joined, 0) + times
        current = merged
    return merges


def write_vocabulary(writer: GGUFWriter, vocabulary: Vocabulary) -> None:
    """The tokenizer's keys of a GGUF."""
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(vocabulary.texts)
    writer.add_token_scores(vocabulary.scores)
    writer.add_token_types(vocabulary.kinds)
    writer.add_bos_token_id(BOS)
    writer.add_eos_token_id(END_OF_TURN)
    writer.add_unk_token_id(UNKNOWN)
    writer.add_pad_token_id(PADDING)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(False)


def finish(writer: GGUFWriter) -> None:
    """Write what the writer holds and close it."""
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add(vocabulary: Vocabulary, text: str, score: float, kind: TokenType) -> None:
    vocabulary.texts.append(text.encode())
    vocabulary.scores.append(score)
    vocabulary.kinds.append(int(kind))


def _join(word: tuple[str, ...], pair: tuple[str, str]) -> tuple[str, ...]:
    out: list[str] = []
    i = 0
    while i < len(word):
        if word[i : i + 2] == pair:
            out.append("".join(pair))
            i += 2
        else:
            out.append(word[i])
            i += 1
    return tuple(out)
