"""What CONTRIBUTING.md promises about the code, held by a test."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("app", "viewer", "assistant", "resources")
SOURCES = sorted(p for package in PACKAGES for p in (ROOT / package).rglob("*.py"))
TABLES = {"commands.py", "children_messages.py"}
MODULE_LINES = 500
FUNCTION_LINES = 60
KERNELS = re.compile(r"kernels?\b|_kernels")

# Between processes nothing is pickled, nothing runs in a shell, and nothing listens.
FORBIDDEN_IMPORTS = {
    "asyncio", "dill", "joblib", "multiprocessing.connection", "multiprocessing.pool", "pickle",
    "shelve", "socketserver", "xmlrpc", "http.server", "concurrent.futures.process",
    "PySide6.QtNetwork", "PySide6.QtWebSockets", "PySide6.QtQml", "PySide6.QtWebEngineWidgets",
}  # fmt: skip
FORBIDDEN_CALLS = {"eval", "exec", "os.system", "os.startfile", "os.popen", "QDesktopServices"}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(tree: ast.AST):
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_modules_and_functions_stay_small(path):
    text = path.read_text()
    if path.name not in TABLES:
        assert text.count("\n") <= MODULE_LINES, f"{name_of(path)} is too long"
    if KERNELS.search(path.stem):
        return  # a numba kernel is one loop; calls in it would cost what it saves
    long = [
        f"{f.name} ({f.end_lineno - f.lineno + 1})"
        for f in functions(ast.parse(text))
        if f.end_lineno - f.lineno + 1 > FUNCTION_LINES
    ]
    assert not long, f"{name_of(path)}: {', '.join(long)}"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_nothing_forbidden_is_imported_or_called(path):
    tree = ast.parse(path.read_text())
    imported, called = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported |= {node.module or ""} | {f"{node.module}.{a.name}" for a in node.names}
        elif isinstance(node, ast.Call):
            called.add(ast.unparse(node.func))
            shell = [k for k in node.keywords if k.arg == "shell"]
            assert not shell, f"{name_of(path)}:{node.lineno} runs a shell"
            pickled = [k for k in node.keywords if k.arg == "allow_pickle"]
            assert not pickled, f"{name_of(path)}:{node.lineno} reads pickles"
    assert not imported & FORBIDDEN_IMPORTS
    assert not called & FORBIDDEN_CALLS


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_nothing_is_left_unfinished(path):
    assert not re.search(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError", path.read_text())


def test_the_map_of_the_code_is_true():
    text = (ROOT / "ARCHITECTURE.md").read_text()
    tree = text.split("```")[1]
    named = set(re.findall(r"[\w/]+/(?=\s|$)|[\w/]+\.py", tree))
    folders = {
        name_of(p.parent) + "/"
        for p in SOURCES
        if "__pycache__" not in p.parts and p.name == "__init__.py"
    }
    missing = sorted(f for f in folders if f not in named)
    assert not missing, f"ARCHITECTURE.md does not name {missing}"
    gone = sorted(n for n in named if not (ROOT / n).exists())
    assert not gone, f"ARCHITECTURE.md names {gone}, which is not there"


def test_texts_of_the_repository_name_no_machine():
    for path in (*ROOT.glob("*.md"), ROOT / "Makefile", ROOT / "requirements.lock"):
        assert not re.search(r"/root/|/home/|/work/|https?://\S*(pypi|mirror)", path.read_text())
