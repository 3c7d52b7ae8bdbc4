"""The browser: rows that come without jumping, search, drag, foreign text as plain text."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from app.library.browser import Browser
from app.library.tree import NODE_ROLE
from app.shelf import Shelf
from viewer.study import (
    FrameRef,
    Instance,
    Library,
    Patient,
    PatientFacts,
    PixelFormat,
    Series,
    Stack,
    Study,
    StudyFacts,
)
from viewer.widgets import style
from viewer.widgets.grid import SERIES_MIME


class NoPictures:
    def get(self, _series):
        return None


def series(uid, *, description="Chest", modality="CT", count=1):
    instances = tuple(
        Instance(
            path=f"/{uid}/{n}",
            sop_instance_uid=f"{uid}.{n}",
            sop_class_uid="",
            patient=PatientFacts(),
            study=StudyFacts(series_uid=uid, modality=modality),
            pixels=PixelFormat(8, 8),
        )
        for n in range(count)
    )
    stack = Stack(tuple(FrameRef(i.sop_instance_uid) for i in instances))
    return Series(uid, modality, description, 1, instances, (stack,))


def study(uid, date, *contents):
    return Study(uid, date, "", "Description", PatientFacts(), contents)


def patient(name, *studies):
    return Patient(PatientFacts(name=name, id=name), studies)


@pytest.fixture
def shelf():
    return Shelf()


@pytest.fixture
def browser(qtbot, qapp, shelf):
    style.install(qapp)
    made = Browser(shelf, NoPictures(), more=QMenu(), hide=QAction("Hide"))
    shelf.subscribe(made.refresh)
    made.resize(240, 800)
    qtbot.addWidget(made)
    made.show()
    return made


def rows(browser, parent=None):
    tree = browser.tree
    parent = parent or QModelIndex()
    for row in range(tree.rowCount(parent)):
        index = tree.index(row, 0, parent)
        yield index
        yield from rows(browser, index)


def texts(browser):
    return [i.data() for i in rows(browser)]


def test_patients_studies_and_series_are_listed_newest_study_first(browser, shelf):
    one = patient("A^B", study("1", "20200101", series("s1")), study("2", "20210101", series("s2")))
    shelf.put(Library((one,)), None)
    assert texts(browser) == [
        "A, B, ID A^B",
        "2021-01-01, Description",
        "1 · Chest, CT · 1 image",
        "2020-01-01, Description",
        "1 · Chest, CT · 1 image",
    ]


def test_what_is_in_view_stays_where_it_is_as_rows_come(browser, shelf):
    many = [patient(f"P{n:03}", study(f"{n}", "20200101", series(f"s{n}"))) for n in range(60)]
    shelf.put(Library(tuple(many)), None)
    view = browser.view
    index = browser.tree.find_series("s2")
    view.setCurrentIndex(index)
    top = view.visualRect(index).top()
    grown = series("s2", count=40)
    many[2] = patient("P002", study("2", "20200101", grown))
    shelf.put(Library((*many, patient("Z", study("z", "", series("sz"))))), None)
    assert view.visualRect(browser.tree.find_series("s2")).top() == top
    assert view.currentIndex().data(NODE_ROLE).record is grown
    assert "40 images" in browser.tree.find_series("s2").data()


def test_a_series_that_is_gone_leaves_and_the_rest_stays_unfolded(browser, shelf):
    first = patient("A", study("1", "", series("s1"), series("s2")))
    shelf.put(Library((first,)), None)
    shelf.put(Library((patient("A", study("1", "", series("s2"))),)), None)
    assert [i.data(NODE_ROLE).key for i in rows(browser)][-1] == "s2"
    assert browser.view.isExpanded(browser.tree.index(0, 0))


def test_search_meets_all_words_in_any_order(browser, shelf):
    shelf.put(
        Library(
            (
                patient("Doe^Jane", study("1", "20200101", series("s1", description="Thorax"))),
                patient("Roe^Jane", study("2", "20200101", series("s2", modality="MR"))),
            )
        ),
        None,
    )
    QTest.keyClicks(browser.search, "mr jane")
    assert [i.data(NODE_ROLE).key for i in rows(browser)][-1] == "s2"
    assert len(list(rows(browser))) == 3
    browser.search.setText("2020-01-01 thorax")
    assert [i.data(NODE_ROLE).key for i in rows(browser)][-1] == "s1"
    browser.search.setText("nobody")
    assert list(rows(browser)) == []


def test_a_double_click_and_enter_ask_for_a_series(browser, shelf, qtbot):
    shelf.put(Library((patient("A", study("1", "", series("s1"), series("s2"))),)), None)
    view = browser.view
    place = view.visualRect(browser.tree.find_series("s2")).center()
    with qtbot.waitSignal(browser.series_wanted) as heard:
        QTest.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert heard.args == ["s2"]
    view.setCurrentIndex(browser.tree.find_series("s1"))
    with qtbot.waitSignal(browser.series_wanted) as heard:
        QTest.keyClick(view, Qt.Key.Key_Return)
    assert heard.args == ["s1"]


def test_a_click_on_a_patient_folds_and_unfolds(browser, shelf):
    shelf.put(Library((patient("A", study("1", "", series("s1"))),)), None)
    view = browser.view
    index = browser.tree.index(0, 0)
    place = view.visualRect(index).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert not view.isExpanded(index)
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert view.isExpanded(index)


def test_a_drag_carries_the_series(browser, shelf):
    shelf.put(Library((patient("A", study("1", "", series("1.2.3"))),)), None)
    index = browser.tree.find_series("1.2.3")
    carried = browser.tree.mimeData([index])
    assert bytes(carried.data(SERIES_MIME).data()) == b"1.2.3"
    assert browser.tree.flags(index) & Qt.ItemFlag.ItemIsDragEnabled
    assert not browser.tree.flags(browser.tree.index(0, 0)) & Qt.ItemFlag.ItemIsDragEnabled


@pytest.mark.parametrize(
    "name",
    [
        "<img src='file:///etc/hostname'>",
        "a\x1b[31mred",
        "right\u202eleft",
        "nul\x00l",
        "x" * 1_000_000,
        "=cmd|' /C calc'!A0",
    ],
)
def test_foreign_text_is_plain_short_and_visible(browser, shelf, name):
    facts = PatientFacts(name=name, id="1")
    contents = series("s1", description=name)
    shelf.put(Library((Patient(facts, (study("1", "", contents),)),)), None)
    shown = " ".join(texts(browser))
    assert len(shown) < 2_000
    assert not any(c in shown for c in "\x1b\u202e\x00")
    assert browser.grab().width() > 0


def test_hidden_names_are_initials(browser, shelf):
    shelf.put(Library((patient("Doe^Jane", study("1", "", series("s1"))),)), None)
    browser.tree.rename(names_hidden=True)
    text = browser.tree.index(0, 0).data()
    assert "DJ" in text
    assert "Doe" not in text


def test_skipped_files_are_counted(browser, shelf):
    from viewer.study import Skipped, SkipReason

    skipped = tuple(Skipped(f"/{n}", SkipReason.NOT_DICOM, "No.") for n in range(3))
    one = patient("A", study("1", "", series("s1")))
    shelf.put(replace(Library((one,)), skipped=skipped), None)
    assert browser.skipped_words == "3 files skipped"
