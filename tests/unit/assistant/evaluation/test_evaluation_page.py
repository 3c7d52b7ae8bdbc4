"""The page: escaped, without scripts, complete in itself, and honest about what is missing."""

from html.parser import HTMLParser

import pytest

from assistant.evaluation.dataset import TASK_NAMES, Item, Truth
from assistant.evaluation.kept import Answer
from assistant.evaluation.measures import measure
from assistant.evaluation.pictures import PictureView
from assistant.evaluation.report import Evaluation, Shown, best_and_worst, card, to_html, to_json
from viewer.spaces import FrameBox

EVIL = "<script>alert(1)</script>\"'&<img src=http://x onerror=y>"
TRUE, SAID = FrameBox(10, 20, 30, 40), FrameBox(12, 20, 32, 40)


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data) -> None:
        self.text += data

    def named(self, name):
        return [attributes for tag, attributes in self.tags if tag == name]


def box_item(truth, said, number="1", label="heart"):
    item = Item(number, "boxes", (), label, label, Truth(boxes=truth))
    return item, Answer(number, number, EVIL, is_parsed=True, seconds=0.5, boxes=said)


def evaluation(task="boxes", pairs=(), refused=()):
    return Evaluation(EVIL, task, EVIL, (("model", EVIL),), measure(task, pairs), refused)


def page_of(pair):
    view = PictureView("data:image/jpeg;base64,AAAA", 100, 50, EVIL, 2.0, (TRUE,), (SAID,))
    shown = Shown(*pair, 0.8, (view,))
    return Page(to_html(evaluation(pairs=[pair], refused=((EVIL, EVIL),)), worst=[shown], best=[]))


def test_every_foreign_text_is_text_and_nothing_is_loaded() -> None:
    page = page_of(box_item((TRUE,), (SAID,)))
    assert {tag for tag, _ in page.tags} <= {
        "html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "small", "b", "div",
        "span", "table", "tr", "th", "td", "figure", "pre", "svg", "image", "rect",
    }  # fmt: skip
    assert page.text.count(EVIL) >= 7
    for _tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")]
        assert attributes.get("href", "data:").startswith("data:")
        assert "src" not in attributes
    policy = next(m["content"] for m in page.named("meta") if "content" in m)
    assert policy.startswith("default-src 'none'")
    assert "script" not in policy


def test_both_boxes_stand_on_the_picture_in_its_own_aspect() -> None:
    page = page_of(box_item((TRUE,), (SAID,)))
    true, said = page.named("rect")
    assert [float(true[k]) for k in ("x", "y", "width", "height")] == [10, 40, 20, 40]
    assert float(said["x"]) == 12
    assert true["stroke"] != said["stroke"]
    assert page.named("svg")[0]["viewbox"] == "0 0 100 100.0"


@pytest.mark.parametrize("task", TASK_NAMES)
def test_what_was_not_measured_is_said_and_is_null(task) -> None:
    page = Page(to_html(evaluation(task), worst=[], best=[]))
    assert "not measured" in page.text
    assert "research and teaching only" in page.text
    assert "MedGemma 1.5 4B" in page.text
    plain = to_json(evaluation(task))
    assert {f["value"] for f in plain["measures"].values()} == {None}


def test_published_figures_stand_beside_ours() -> None:
    text = page_of(box_item((TRUE,), (TRUE,))).text
    row = text[text.index("Chest ImaGenome") :].split("\n")[0]
    assert row == "Chest ImaGenomemean IoU5.73.138.016.0100.0"


def test_card_says_on_what_and_how_many() -> None:
    pairs = [box_item((TRUE,), (TRUE,)), box_item((), (SAID,), label="nodule")]
    line = card(Evaluation("Set", "boxes", "M", (), measure("boxes", pairs)))
    assert line == "On Set, n = 2: Mean IoU 100.0 %, false boxes per image 0.50"


def test_best_and_worst_share_nothing_and_best_have_something_to_show() -> None:
    pairs = [box_item((TRUE,), (SAID,), str(n)) for n in range(10)] + [box_item((), ())] * 10
    scores = [n / 10 for n in range(10)] + [1.0] * 10
    worst, best = best_and_worst(pairs, scores)
    assert worst == (0, 1, 2, 3, 4, 5)
    assert best == (9, 8, 7, 6)
    assert best_and_worst(pairs[:1], scores[:1]) == ((0,), ())
    assert best_and_worst([], []) == ((), ())
