"""Locks and pages of an index as they are written, and how big the step to the newest version is."""

import pytest

from anclora.deps.model import File, Locked, Step
from anclora.deps.rules import files_in_html, files_in_json, locked_in, newest, step_of
from anclora.kit.errors import InvalidError

LOCK = """\
aiohttp==3.14.1 \\
    --hash=sha256:00
Psycopg[binary,pool]==3.3.0 \\
    --hash=sha256:01
tomli==2.0.1 ; python_version < '3.11' \\
    --hash=sha256:02
tomli==2.2.1 ; python_version >= '3.11' \\
# a comment
"""


def test_a_lock_is_read_once_a_package() -> None:
    assert locked_in(LOCK, name="x") == [
        Locked(name="aiohttp", version="3.14.1"),
        Locked(name="psycopg", version="3.3.0"),
        Locked(name="tomli", version="2.2.1"),
    ]


@pytest.mark.parametrize("text", ["", "aiohttp>=3\n", "# only words\n"])
def test_a_file_without_pins_is_no_lock(text: str) -> None:
    with pytest.raises(InvalidError, match="pins no package"):
        locked_in(text, name="some.lock")


@pytest.mark.parametrize(
    ("locked", "fresh", "step"),
    [
        ("1.2.3", "1.2.3", Step.NONE),
        ("1.2.3", "1.2.4", Step.PATCH),
        ("1.2", "1.2.0.1", Step.PATCH),
        ("1.2.3", "1.3.0", Step.MINOR),
        ("1.2.3", "2.0", Step.MAJOR),
        ("1.2.3", "1!0.1", Step.MAJOR),
        ("2.0", "1.9", Step.NONE),
        ("1.0", "1.0.post1", Step.PATCH),
    ],
)
def test_how_big_a_step_is(locked: str, fresh: str, step: Step) -> None:
    assert step_of(locked, fresh) is step


FILES = [
    File(name="demo-1.0.0.tar.gz"),
    File(name="demo-1.1.0-py3-none-any.whl"),
    File(name="demo-1.2.0-py3-none-any.whl", yanked=True),
    File(name="demo-1.3.0-py3-none-any.whl", requires_python=">=3.14"),
    File(name="demo-2.0.0rc1-py3-none-any.whl"),
    File(name="demo-9.9.exe"),
]


def test_the_newest_is_one_that_can_be_used() -> None:
    assert newest(FILES, python="3.11.2", locked="1.0.0") == "1.1.0"
    assert newest(FILES, python="3.14.0", locked="1.0.0") == "1.3.0"
    assert newest(FILES, python="3.11.2", locked="2.0.0b1") == "2.0.0rc1"
    assert newest(FILES[2:4], python="3.11.2", locked="1.0.0") is None


def test_both_forms_of_a_page_say_the_same() -> None:
    as_json = b"""{"meta": {"api-version": "1.1"}, "name": "demo", "files": [
        {"filename": "demo-1.0.tar.gz", "url": "x", "hashes": {}},
        {"filename": "demo-2.0.tar.gz", "url": "x", "requires-python": ">=3.14", "yanked": "broken"}]}"""
    as_html = """<a href="../../f/demo-1.0.tar.gz#sha256=0">demo</a>
        <a data-yanked="" data-requires-python="&gt;=3.14" href="/f/demo%2D2.0.tar.gz">demo</a> <a>nothing</a>"""
    expected = [File(name="demo-1.0.tar.gz"), File(name="demo-2.0.tar.gz", requires_python=">=3.14", yanked=True)]
    assert files_in_json(as_json) == expected == files_in_html(as_html)
