"""Where MedGemma's GGUF files are to be had: names, sizes and digests as far as they are known.

Nothing here is fetched before a person accepted the licence and pressed Download. What this table
does not know of a file is read from the hub at that moment.
"""

from dataclasses import dataclass
from typing import Final

from assistant.models.messages import WantedFile
from viewer.words import N_

ENDPOINT: Final = "https://huggingface.co"
ALLOWED_HOSTS: Final = ("huggingface.co", "*.huggingface.co", "*.hf.co")
"""Where a download may be sent on to, by HTTPS alone."""

LICENCE: Final = "Health AI Developer Foundations"
LICENCE_VERSION: Final = "2024-11-15"
TERMS_URL: Final = "https://developers.google.com/health-ai-developer-foundations/terms"
POLICY_URL: Final = (
    "https://developers.google.com/health-ai-developer-foundations/prohibited-use-policy"
)
NOTICE_TEXT: Final = (
    "HAI-DEF is provided under and subject to the Health AI Developer Foundations Terms of Use "
    f"found at {TERMS_URL}\n"
)
LICENCE_WORDS: Final = N_(
    "Not an open-source licence. Clinical use needs the authorizations that your law asks for. "
    "What the model writes is your responsibility."
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A model with its projector; ``needs_bytes`` is the memory that it takes, about."""

    id: str
    name: str
    quantization: str
    words: str
    repository: str
    files: tuple[WantedFile, WantedFile]
    needs_bytes: int
    revision: str = "main"

    @property
    def title(self) -> str:
        """As the dialog lists it."""
        return f"{self.name} · {self.quantization}"

    @property
    def size_bytes(self) -> int:
        """Of both files, about."""
        return sum(file.size_bytes for file in self.files)


_PROJECTOR_4B: Final = WantedFile(
    "mmproj-F16.gguf",
    851_252_224,
    "f45f0f750587494e8f976d952cb396dfaa3158662120e2f9c224fc11f3882c83",
)
_REPOSITORY_4B: Final = "unsloth/medgemma-1.5-4b-it-GGUF"

CATALOG: Final = (
    Entry(
        id="medgemma-1.5-4b-q4_k_m",
        name="MedGemma 1.5 4B",
        quantization="Q4_K_M",
        words=N_("Smallest and fastest; includes the projector"),
        repository=_REPOSITORY_4B,
        files=(
            WantedFile(
                "medgemma-1.5-4b-it-Q4_K_M.gguf",
                2_489_894_976,
                "b31becdf4f39561800505514cce67681604fe449d04dd35c8c92fd7848c6d7bd",
            ),
            _PROJECTOR_4B,
        ),
        needs_bytes=5_200_000_000,
    ),
    Entry(
        id="medgemma-1.5-4b-q8_0",
        name="MedGemma 1.5 4B",
        quantization="Q8_0",
        words=N_("Closest to the original; includes the projector"),
        repository=_REPOSITORY_4B,
        files=(
            WantedFile("medgemma-1.5-4b-it-Q8_0.gguf", 4_130_000_000, is_exact=False),
            _PROJECTOR_4B,
        ),
        needs_bytes=7_000_000_000,
    ),
    Entry(
        id="medgemma-27b-q4_k_m",
        name="MedGemma 27B",
        quantization="Q4_K_M",
        words=N_("Version 1; includes the projector"),
        repository="unsloth/medgemma-27b-it-GGUF",
        files=(
            WantedFile("medgemma-27b-it-Q4_K_M.gguf", 16_500_000_000, is_exact=False),
            WantedFile("mmproj-F16.gguf", 860_000_000, is_exact=False),
        ),
        needs_bytes=21_000_000_000,
    ),
)
