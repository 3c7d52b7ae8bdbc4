"""Where is something: the prompt of the model's own training, to the letter, and its boxes."""

import re
from typing import Final

from assistant.prompts import Template, one_line
from assistant.tasks.base import Task
from viewer.words import N_

LOCATE: Final = (
    "Instructions:\n"
    "The following user query will require outputting bounding boxes. The format of bounding boxes "
    "coordinates is [y0, x0, y1, x1] where (y0, x0) must be top-left corner and (y1, x1) the "
    "bottom-right corner. This implies that x0 < x1 and y0 < y1. Always normalize the x and y "
    "coordinates the range [0, 1000], meaning that a bounding box starting at 15% of the image "
    "width would be associated with an x coordinate of 150. You MUST output a single parseable "
    "json list of objects enclosed into ```json...``` brackets, for instance "
    '```json[{"box_2d": [800, 3, 840, 471], "label": "car"}, {"box_2d": [400, 22, 600, 73], '
    '"label": "dog"}]``` is a valid output. Now answer to the user query.\n'
    "\n"
    'Remember "left" refers to the patient\'s left side where the heart is and sometimes '
    "underneath an L in the upper right corner of the image.\n"
    "\n"
    "Query:\n"
    "Where is the {words}? Don't give a final answer without reasoning. Output the final answer in "
    'the format "Final Answer: X" where X is a JSON list of objects. The object needs a "box_2d" '
    'and "label" key. Answer:'
)

BOXES_GRAMMAR: Final = r"""
root ::= "Final Answer: ```json[" (box (", " box)*)? "]```"
box ::= "{\"box_2d\": [" n ", " n ", " n ", " n "], \"label\": \"" [a-z ]+ "\"}"
n ::= [0-9] | [1-9] [0-9] [0-9]? | "1000"
""".strip()
"""Forces the form of the final answer, and with it bans the reasoning that the prompt asks for."""

_QUESTION: Final = re.compile(
    r"^where(?:\s+(?:is|are)|'s)\s+(?:(?:the|an|a|any)\s+)?", re.IGNORECASE
)


def object_of(words: str) -> str:
    """What a question like "Where is the heart?" looks for: "heart"."""
    text = one_line(words)
    return _QUESTION.sub("", text).rstrip(" ?.!").strip() or text


FIND: Final = Task(
    id="find",
    chip=N_("Where is …"),
    hint=N_("What to look for, for example: heart"),
    looks="active",
    reads="boxes",
    worded=Template(question=LOCATE),
    max_tokens=1000,
    grammar=BOXES_GRAMMAR,
    words=object_of,
)
