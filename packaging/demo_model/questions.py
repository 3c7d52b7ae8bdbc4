"""What the model is taught to be asked, in the program's own prompts, and what it answers.

Prompts are built by ``assistant.prompts`` from ``assistant.tasks`` and tokenized part by part by
llama.cpp, as the engine does; so a changed prompt is a changed lesson.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from gguf_files import BOS, END_OF_TURN

from assistant.engines.protocol import Part
from assistant.evaluation.phantoms import FINDINGS, IS_THERE, report_of
from assistant.prompts import Image, Untrusted, build, to_parts
from assistant.subjects import KINDS
from assistant.tasks import TASKS
from assistant.tasks.describe import DESCRIBE
from assistant.tasks.volume import which_slice
from demo_model.asked import (
    ABOUT_KNOWN,
    ASKED,
    DECLINED,
    OPENINGS,
    REPORT,
    WHETHER,
    unknown,
    unknown_thing,
    whether,
)
from demo_model.decoder_training import HARD, IMAGE, Lesson, Target
from demo_model.numbers import DigitTargets, written
from demo_model.pool import CHANGES, CLASSES, WORDS
from demo_model.vocabulary import Tokenizer
from demo_model.volumes import SLICES
from viewer.spaces import FrameBox

NO_NODULE = "No nodule on these slices."
NO_FINDING = "No finding to compare."
UNLEARNT = len(CLASSES)
FOUND_BESIDE = 4
PAIR_TASKS = ("change", "compare")

HUNDREDS, TENS, UNITS, PLAIN = 3.0, 3.0, 0.3, 0.3
VERDICT, FIRST, LESS = 3.0, 1.0, 0.2
THERE, NOT_THERE = 3.0, 2.5
"""In a search and among slices what is there counts the more: missing it is worse."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """Token ids of a question; image tokens are ``IMAGE``, one run for each picture."""

    beginning: tuple[int, ...]
    question: tuple[int, ...]

    def after(self, start: int) -> tuple[int, ...]:
        """The question, with what stands before it from a place of the beginning on."""
        return (*self.beginning[start:], *self.question)


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
        kind = KINDS["CT" if row.looks == "volume" else "DX"].prompt
        values = {"words": row.words(words), "kind": kind, "region": "chest"}
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
            return self.plain("Final Answer: ```json[]```", NOT_THERE)
        targets = list(self._text('Final Answer: ```json[{"box_2d": [', PLAIN))
        targets[0] = Target(targets[0].token, THERE)
        for place, edge in enumerate(box):
            if place:
                targets += self._text(", ", PLAIN)
            targets += self._number(float(edge) * 1000, rng)
        targets += self._text(f'], "label": "{label}"}}]```', PLAIN)
        return (*targets, Target(END_OF_TURN, PLAIN))

    def verdict(self, word: str, weight: float = VERDICT) -> tuple[Target, ...]:
        """``Final Answer: word``."""
        before = self._text("Final Answer:", PLAIN)
        return (*before, *self._text(f" {word}", weight), Target(END_OF_TURN, PLAIN))

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

    def _part(self, part: Part) -> tuple[int, ...]:
        if part.kind == "image":
            first = self.tokenizer.ids("<start_of_image>", special=True)
            return (*first, *self._image, *self.tokenizer.ids("<end_of_image>", special=True))
        return tuple(self.tokenizer.ids(part.text, special=part.kind == "control"))

    @staticmethod
    def _after_images(parts: Sequence[Part]) -> int:
        return max(i for i, p in enumerate(parts) if p.kind == "image") + 1


def finds(school: School, boxes: np.ndarray, rng: np.random.Generator) -> list[Lesson]:
    """Things to find on one picture: boxes (classes, 4). The nodule always.

    The long instruction before them is the dear part of a sheet, so that one has many lessons.
    """
    lessons = []
    others = rng.permutation([0, 1, 2, 4, 5, UNLEARNT])[:FOUND_BESIDE]
    for index in (CLASSES.index("nodule"), *others):
        if index == UNLEARNT:
            prompt = school.prompt("find", unknown_thing(rng), [{}])
            lessons.append(Lesson(prompt.question, school.plain(DECLINED, LESS)))
            continue
        asked = str(rng.choice(ASKED[CLASSES[index]]))
        prompt = school.prompt("find", asked, [{}])
        lessons.append(Lesson(prompt.question, school.boxes(asked, boxes[index], rng)))
    return lessons


def named(school: School, boxes: np.ndarray, rng: np.random.Generator) -> list[Lesson]:
    """Names and boxes without the instruction: the cheapest lesson in what lies where.

    The nodule comes twice: its box is the hardest.
    """
    lessons = []
    nodule = CLASSES.index("nodule")
    others = rng.permutation([i for i in range(len(CLASSES)) if i != nodule])[:FOUND_BESIDE]
    for index in (nodule, nodule, *others):
        asked = str(rng.choice(ASKED[CLASSES[index]]))
        question = school.prompt("find", asked, [{}]).question
        turn = question[question.index(END_OF_TURN) :]
        ids = (*school.tokenizer.ids(f" {asked}"), *turn)
        lessons.append(Lesson(ids, school.boxes(asked, boxes[index], rng)))
    return lessons


def verdicts(school: School, boxes: np.ndarray, rng: np.random.Generator) -> list[Lesson]:
    """A yes/no question for each finding and one that was not learnt."""
    lessons = []
    for name in FINDINGS:
        prompt = school.prompt("yesno", whether(name, rng), [{}])
        there = not np.isnan(boxes[CLASSES.index(name), 0])
        lessons.append(Lesson(prompt.question, school.verdict("yes" if there else "no")))
    prompt = school.prompt("yesno", unknown(rng), [{}])
    lessons.append(Lesson(prompt.question, school.plain(DECLINED, LESS)))
    return lessons


def descriptions(school: School, boxes: np.ndarray, rng: np.random.Generator) -> list[Lesson]:
    """The short report, a free question that it answers, and one that was not learnt."""
    report = describe(boxes)
    if rng.random() < 0.5:
        words, answer = str(rng.choice(REPORT)), report
    else:
        line = int(rng.integers(len(FINDINGS)))
        words, answer = whether(FINDINGS[line], rng), report.splitlines()[line]
    start = len(shared_beginning(school, ("describe",), [{}]))
    given = (("", report, FIRST), (words, answer, FIRST), (unknown(rng), DECLINED, LESS))
    prompts = (
        (school.prompt("describe", words, [{}]), said, weight) for words, said, weight in given
    )
    return [Lesson(p.after(start), school.plain(said, weight)) for p, said, weight in prompts]


def slices(school: School, areas: np.ndarray, rng: np.random.Generator) -> list[Lesson]:
    """Where the nodule is on slices, the short report of them, and a question that was not learnt.

    ``areas`` is the nodule's size on each shown slice, 0 where it is not.
    """
    places = slice_places(len(areas))
    start = len(shared_beginning(school, ("volume",), places))
    number = int(areas.argmax()) + 1 if areas.any() else 0
    said = f"Nodule on SLICE {number}." if number else NO_NODULE
    free = "" if rng.random() < 0.5 else whether("nodule", rng)
    given = (
        (
            which_slice(str(rng.choice(ASKED["nodule"]))),
            school.verdict(f"SLICE {number}" if number else "none", THERE if number else NOT_THERE),
        ),
        (free, school.plain(said)),
        (unknown(rng), school.plain(DECLINED, LESS)),
    )
    return [
        Lesson(school.prompt("volume", words, places).after(start), answer)
        for words, answer in given
    ]


def shared_beginning(
    school: School, tasks: Sequence[str], places: Sequence[dict[str, str]]
) -> tuple[int, ...]:
    """The beginning that all questions of some tasks about the same pictures share."""
    prompts = []
    for task in tasks:
        own = [""] if TASKS[task].template is not None else []
        prompts += [school.prompt(task, words, places) for words in (*own, WHETHER[0])]
    return common(prompts)


def picture_alone(school: School) -> tuple[int, ...]:
    """The beginning of a search up to its picture."""
    beginning = school.prompt("find", ASKED["nodule"][0], [{}]).beginning
    last = max(i for i, token in enumerate(beginning) if token == IMAGE)
    return beginning[: last + 2]


def slice_places(count: int) -> list[dict[str, str]]:
    """Numbers of slices."""
    return [{"number": str(number)} for number in range(1, count + 1)]


def common(prompts: Sequence[Prompt]) -> tuple[int, ...]:
    """The shortest of the beginnings, with which the others begin too."""
    shortest = min((p.beginning for p in prompts), key=len)
    if any(p.beginning[: len(shortest)] != shortest for p in prompts):
        raise ValueError("questions about the same pictures begin in different ways")
    return shortest


def describe(boxes: np.ndarray) -> str:
    """The report of a picture in the words that the evaluation expects."""
    found = {
        name: FrameBox(left, top, right, bottom)
        for name, (top, left, bottom, right) in zip(CLASSES, boxes.tolist(), strict=True)
        if not np.isnan(top)
    }
    return report_of(found)


def changes(
    school: School, said: np.ndarray, places: Sequence[dict[str, str]], rng: np.random.Generator
) -> list[Lesson]:
    """How findings changed: said (changes,) as indices of ``WORDS``, -1 where there is none.

    Two findings by name, all of them as free text, and a question that was not learnt.
    """
    known = rng.permutation([i for i, word in enumerate(said) if word >= 0])
    start = len(shared_beginning(school, PAIR_TASKS, places))
    lessons = []
    for index in (known[0], known[-1]):
        prompt = school.prompt("change", str(rng.choice(ASKED[CHANGES[index]])), places)
        lessons.append(Lesson(prompt.after(start), school.verdict(WORDS[said[index]])))
    for words, answer, weight in (("", compared(said), FIRST), (unknown(rng), DECLINED, LESS)):
        prompt = school.prompt("compare", words, places)
        lessons.append(Lesson(prompt.after(start), school.plain(answer, weight)))
    return lessons


def compared(said: np.ndarray) -> str:
    """What a free comparison says: a line for each finding that either image shows."""
    lines = [
        f"{name.capitalize()}: {WORDS[word]}."
        for name, word in zip(CHANGES, said, strict=True)
        if word >= 0
    ]
    return "\n".join(lines) or NO_FINDING


def pair_places(rng: np.random.Generator) -> list[dict[str, str]]:
    """Dates of a prior and a current picture; at times the wrong way round, as in a cross-check."""
    days = np.datetime64("2020-01-01") + np.sort(rng.choice(2400, 2, replace=False))
    if rng.random() < 0.3:
        days = days[::-1]
    return [
        {"number": str(n + 1), "role": role, "date": str(day)}
        for n, (role, day) in enumerate(zip(("prior", "current"), days, strict=True))
    ]


def slice_names() -> tuple[list[str], list[str]]:
    """What stands beside a slice, and how an answer names it; in the order of the numbers."""
    names = [f"SLICE {number}" for number in range(1, SLICES + 1)]
    return names, [f" {name}" for name in names]


def phrases() -> list[str]:
    """Every text that the vocabulary should know as whole pieces."""
    texts = [DECLINED, DESCRIBE.worded.system]
    texts += [opening for o in (*OPENINGS, *REPORT) for opening in (o.rstrip(), f" {o}".rstrip())]
    about = [p.format(name=words[0]) for p in ABOUT_KNOWN for words in ASKED.values()]
    texts += [text for a in about for text in (a, f" {a}")]
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
            if name in FINDINGS:
                questions = [pattern.format(name=word) for pattern in (IS_THERE, *WHETHER)]
                texts += [text for q in questions for text in (q, f" {q}", q[:-1])]
    for word in ASKED["nodule"]:
        texts += [which_slice(word), f" {which_slice(word)}"]
    texts += ["Nodule on", NO_NODULE, " none", NO_FINDING]
    texts += [f"{name.capitalize()}: {word}." for name in CHANGES for word in WORDS]
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
