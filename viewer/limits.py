"""Every limit on foreign input, with its reason, in one place.

Over a limit, the file or frame is refused with a sentence and the rest goes on.
"""

from typing import Final

KIB: Final = 1 << 10
MIB: Final = 1 << 20
GIB: Final = 1 << 30

# Opening: a disc holds tens of thousands of files; a folder tree deeper than this is a loop.
FOLDER_DEPTH: Final = 64
FOLDER_ENTRIES: Final = 1_000_000
FILES_PER_OPENING: Final = 200_000
ZIP_ENTRIES: Final = 200_000
ZIP_RATIO: Final = 200
ZIP_RATIO_FROM_BYTES: Final = 64 * MIB
ZIP_MEMBER_BYTES: Final = 4 * GIB
ZIP_TOTAL_BYTES: Final = 64 * GIB

# Headers: per-frame groups of large multi-frame objects reach tens of megabytes.
META_HEADER_BYTES: Final = 64 * KIB
HEADER_BYTES: Final = 64 * MIB
ELEMENT_BYTES: Final = 16 * MIB
ELEMENTS: Final = 1_000_000
SEQUENCE_DEPTH: Final = 32

# Pixels: one decoded frame, one instance, and what a codec is allowed to claim.
ROWS_COLUMNS: Final = 65_535
FRAME_BYTES: Final = 512 * MIB
INSTANCE_BYTES: Final = 8 * GIB
SAMPLES_PER_PIXEL: Final = frozenset({1, 3})
BITS_ALLOCATED: Final = frozenset({1, 8, 12, 16, 32, 64})
PALETTE_ENTRIES: Final = 65_536
VOI_ITEMS: Final = 256

# Text.
LIST_TEXT_CHARS: Final = 256
PROMPT_VALUE_CHARS: Final = 2_000
PROMPT_TEXT_CHARS: Final = 8_000

# Time, in seconds; a worker that is silent for longer is ended and started again.
HEADER_S: Final = 2.0
FRAME_S: Final = 10.0
WALK_SILENT_S: Final = 5.0

# Child processes.
MESSAGE_BYTES: Final = 1 * MIB
WORKER_BYTES: Final = 1 * GIB

# Model files come from strangers; llama.cpp itself would accept far more.
GGUF_KEYS: Final = 4_096
GGUF_TENSORS: Final = 10_000
GGUF_DIMENSIONS: Final = 4
GGUF_STRING_BYTES: Final = 1 * MIB
GGUF_TEMPLATE_BYTES: Final = 64 * KIB
GGUF_ARRAY_ITEMS: Final = 2_000_000

# Answers.
ANSWER_TOKENS: Final = 8_192
ANSWER_BYTES: Final = 64 * KIB
BOXES: Final = 50
BOX_LABEL_CHARS: Final = 80
JSON_DEPTH: Final = 4
