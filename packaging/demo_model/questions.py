"""What the model is taught to be asked, in the program's own prompts, and what it answers.

Prompts are built by ``assistant.prompts`` from ``assistant.tasks`` and tokenized part by part by
llama.cpp, as the engine does; so a changed prompt is a changed lesson.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assistant.prompts import Image, Untrusted, build, to_parts
from assistant.tasks import TASKS
from assistant.tasks.describe import DESCRIBE
from demo_model.decoder_training import HARD, IMAGE, Lesson, Target
from demo_model.numbers import DigitTargets, written
from demo_model.pool import CHANGES, CLASSES, WORDS
from demo_model.vocabulary import BOS, END_OF_TURN, Tokenizer

NAMES = {"effusion": "pleural effusion"}
ASKED = {
    "right lung": ("right lung",),
    "left lung": ("left lung",),
    "heart": ("heart",),
    "nodule": ("nodule", "lung nodule"),
    "effusion": ("pleural effusion", "effusion"),
    "pneumothorax": ("pneumothorax",),
}
ARTICLES = {"effusion": "a", "nodule": "a", "pneumothorax": "a"}
DECLINED = "I know drawn chest X-rays only: lungs, heart, nodule, effusion, pneumothorax."
UNKNOWN = (
    "What is the weather?", "Who is the patient?", "Is there a fracture?", "Where is the liver?",
    "What treatment do you recommend?", "How old is the patient?", "Is there a brain tumor?",
    "What is the dose?", "Tell me a story", "Is this cancer?", "What should I do?",
)  # fmt: skip

HUNDREDS, TENS, UNITS, PLAIN = 3.0, 3.0, 0.3, 0.3
VERDICT, FIRST = 3.0, 1.0


@dataclass(frozen=True, slots=True)
class Prompt:
    """Token ids of a question; image tokens are ``IMAGE``, one run for each picture."""

    beginning: tuple[int, ...]
    question: tuple[int, ...]


class School:
    """Makes prompts and answers as token ids."""

    def __init__(self, tokenizer: Tokenizer, tokens_per_image: int) -> None:
        self.tokenizer = tokenizer
        self._image = (IMAGE,) * tokens_per_image
        self._targets = DigitTargets()

    def prompt(self, task: str, words: str, images: Sequence[dict[str, str]]) -> Prompt:
        """A question of the program; the beginning ends where the person's words begin."""
        row = TASKS[task]
        template = row.template_for(words)
        if template is None:
            raise ValueError(f"{task} needs words")
        values = {"words": row.words(words), "kind": "X-ray", "region": "chest"}
        segments = build(template, values, images)
        parts = to_parts(segments)
        last = max(i for i, s in enumerate(segments) if isinstance(s, Image)) + 1
        asked = (i for i, s in enumerate(segments) if isinstance(s, Untrusted) and i > last)
        shared = next(asked, len(segments)) + len(parts) - len(segments) - 1
        shared = max(shared, self._after_images(parts))
        ids = [self._part(part) for part in parts]
        beginning = (BOS, *(i for part in ids[:shared] for i in part))
        return Prompt(beginning, tuple(i for part in ids[shared:] for i in part))

    def boxes(self, label: str, box: np.ndarray, rng: np.random.Generator) -> tuple[Target, ...]:
        """The final answer with one box (top, left, bottom, right in 0..1), or an empty list."""
        if np.isnan(box[0]):
            return self.plain("Final Answer: ```json[]```", 0.6)
        targets = list(self._text('Final Answer: ```json[{"box_2d": [', PLAIN))
        targets[-1] = Target(targets[-1].token, FIRST)
        for place, edge in enumerate(box):
            if place:
                targets += self._text(", ", PLAIN)
            targets += self._number(float(edge) * 1000, rng)
        targets += self._text(f'], "label": "{label}"}}]```', PLAIN)
        return (*targets, Target(END_OF_TURN, PLAIN))

    def verdict(self, word: str) -> tuple[Target, ...]:
        """``Final Answer: word``."""
        before = self._text("Final Answer:", PLAIN)
        return (*before, *self._text(f" {word}", VERDICT), Target(END_OF_TURN, PLAIN))

    def plain(self, text: str, weight: float = FIRST) -> tuple[Target, ...]:
        """Any other answer."""
        return (*self._text(text, weight), Target(END_OF_TURN, PLAIN))

    def _number(self, value: float, rng: np.random.Generator) -> list[Target]:
        truth = int(np.clip(round(value), 0, 1000))
        text = written(truth, rng)
        targets = []
        for place, digit in enumerate(text):
            weight = (UNITS, TENS, HUNDREDS)[len(text) - place - 1]
            row = self._targets.row(truth, text[:place])
            targets.append(Target(self.tokenizer.digits[int(digit)], weight, row))
        return targets

    def _text(self, text: str, weight: float) -> list[Target]:
        return [Target(i, weight, HARD) for i in self.tokenizer.ids(text)]

    def _part(self, part) -> tuple[int, ...]:  # noqa: ANN001 - assistant.engines.protocol.Part
        if part.kind == "image":
            first = self.tokenizer.ids("<start_of_image>", special=True)
            return (*first, *self._image, *self.tokenizer.ids("<end_of_image>", special=True))
        return tuple(self.tokenizer.ids(part.text, special=part.kind == "control"))

    @staticmethod
    def _after_images(parts) -> int:  # noqa: ANN001 - a sequence of Part
        return max(i for i, p in enumerate(parts) if p.kind == "image") + 1


def finds(school: School, boxes: np.ndarray, rng: np.random.Generator) -> list[Lesson]:
    """Three things to find on one picture: boxes (classes, 4). The nodule always."""
    others = rng.permutation([0, 1, 2, 4, 5, 4, 5])[:2]
    lessons = []
    for index in (CLASSES.index("nodule"), *others):
        name = CLASSES[index]
        asked = str(rng.choice(ASKED[name]))
        prompt = school.prompt("find", asked, [{}])
        lessons.append(Lesson(prompt.question, school.boxes(asked, boxes[index], rng)))
    return lessons


def verdicts(school: School, boxes: np.ndarray, rng: np.random.Generator) -> list[Lesson]:
    """Two yes/no questions and one that was not learnt."""
    lessons = []
    for name in ("nodule", str(rng.choice(["effusion", "pneumothorax"]))):
        asked = str(rng.choice(ASKED[name]))
        prompt = school.prompt("yesno", f"Is there {ARTICLES[name]} {asked}?", [{}])
        there = not np.isnan(boxes[CLASSES.index(name), 0])
        lessons.append(Lesson(prompt.question, school.verdict("yes" if there else "no")))
    prompt = school.prompt("yesno", str(rng.choice(UNKNOWN)), [{}])
    lessons.append(Lesson(prompt.question, school.plain(DECLINED, 0.2)))
    return lessons


def descriptions(school: School, boxes: np.ndarray, rng: np.random.Generator) -> list[Lesson]:
    """The short report, a question in other words, and one that was not learnt."""
    report = school.prompt("describe", "", [{}])
    unknown = school.prompt("describe", str(rng.choice(UNKNOWN)), [{}])
    start = len(report.beginning) - len(unknown.beginning)
    question = (*report.beginning[len(unknown.beginning) :], *report.question)
    if start < 0:
        raise ValueError("a worded question begins later than the report")
    return [
        Lesson(question, school.plain(describe(boxes))),
        Lesson(unknown.question, school.plain(DECLINED, 0.2)),
    ]


def describe(boxes: np.ndarray) -> str:
    """The report of a picture in the words that the model learns."""

    def there(name: str) -> bool:
        return not np.isnan(boxes[CLASSES.index(name), 0])

    def side(name: str) -> str:
        box = boxes[CLASSES.index(name)]
        return "right" if (box[1] + box[3]) / 2 < 0.5 else "left"

    heart = boxes[CLASSES.index("heart")]
    lungs = boxes[[CLASSES.index("right lung"), CLASSES.index("left lung")]]
    chest = np.nanmax(lungs[:, 3]) - np.nanmin(lungs[:, 1])
    large = (heart[3] - heart[1]) / chest > 0.5
    lines = [
        f"Lungs: nodule on the {side('nodule')}." if there("nodule") else "Lungs: no nodule.",
        f"Pleura: effusion on the {side('effusion')}."
        if there("effusion")
        else "Pleura: no effusion.",
        f"Air: pneumothorax on the {side('pneumothorax')}."
        if there("pneumothorax")
        else "Air: no pneumothorax.",
        "Heart: enlarged." if large else "Heart: not enlarged.",
    ]
    return "\n".join(lines)


def changes(
    school: School, said: np.ndarray, places: Sequence[dict[str, str]], rng: np.random.Generator
) -> list[Lesson]:
    """How findings changed: said (changes,) as indices of ``WORDS``, -1 where there is none."""
    known = [i for i, word in enumerate(said) if word >= 0]
    lessons = []
    for index in rng.permutation(known)[:2]:
        name = CHANGES[index]
        prompt = school.prompt("change", str(rng.choice(ASKED[name])), places)
        lessons.append(Lesson(prompt.question, school.verdict(WORDS[said[index]])))
    while len(lessons) < 2:
        lessons.append(lessons[0])
    return lessons


def pair_places(rng: np.random.Generator) -> list[dict[str, str]]:
    """Dates of a prior and a current picture."""
    days = np.datetime64("2020-01-01") + np.sort(rng.choice(2400, 2, replace=False))
    return [
        {"number": str(n + 1), "role": role, "date": str(day)}
        for n, (role, day) in enumerate(zip(("prior", "current"), days, strict=True))
    ]


def phrases() -> list[str]:
    """Every text that the vocabulary should know as whole pieces."""
    texts = [DECLINED, *UNKNOWN, *(f" {u}" for u in UNKNOWN), DESCRIBE.worded.system]
    for task in TASKS.values():
        for template in (task.template, task.worded):
            if template is not None:
                fields = (
                    template.system,
                    template.instruction,
                    template.before_image,
                    template.after_image,
                    template.question,
                )
                texts += [piece for f in fields for piece in _around_places(f)]
    for name, words in ASKED.items():
        for word in words:
            texts += [word, f" {word}", f'], "label": "{word}"}}]```']
            if name in ARTICLES:
                texts += [
                    f"Is there {ARTICLES[name]} {word}?",
                    f" Is there {ARTICLES[name]} {word}?",
                ]
    texts += ["user", "model", "Describe this X-ray", " (prior,", " (current,"]
    texts += ['Final Answer: ```json[{"box_2d": [', "Final Answer: ```json[]```", ", "]
    texts += ["Final Answer:", *(f" {w}" for w in (*WORDS, "yes", "no"))]
    texts += [
        "Lungs: nodule on the right.",
        "Lungs: nodule on the left.",
        "Lungs: no nodule.",
        "Pleura: effusion on the right.",
        "Pleura: effusion on the left.",
        "Pleura: no effusion.",
        "Air: pneumothorax on the right.",
        "Air: pneumothorax on the left.",
        "Air: no pneumothorax.",
        "Heart: enlarged.",
        "Heart: not enlarged.",
    ]
    return texts


def _around_places(text: str) -> list[str]:
    pieces, rest = [], text
    while "{" in rest and "}" in rest and rest.index("{") < rest.index("}"):
        begin = rest.index("{")
        end = rest.index("}", begin)
        if not rest[begin + 1 : end].isalpha():
            break
        pieces += [rest[:begin].rstrip(" "), rest[:begin]]
        rest = rest[end + 1 :]
    return [p for p in (*pieces, rest) if p]
