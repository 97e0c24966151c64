"""Which failed tests get a second run, and that one which fails again stays red."""

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.run_tests import MOST, ONCE, again

ROOT = Path(__file__).parent.parent.parent
_TEST = """
from pathlib import Path

def test_one():
    here = Path({seen!r})
    there, _ = here.exists(), here.touch()
    assert there and {well}
"""


def test_a_few_failed_tests_run_again() -> None:
    few = [f"tests/integration/test_a.py::test_{each}" for each in range(MOST)]
    assert again(few[:1])
    assert again(few)


def test_nothing_failed_or_very_much_does_not() -> None:
    assert not again([])
    assert not again([f"tests/integration/test_a.py::test_{each}" for each in range(MOST + 1)])


@pytest.mark.parametrize("place", ONCE)
def test_what_counts_lost_or_doubled_messages_does_not(place: str) -> None:
    assert not again(["tests/integration/test_a.py::test_a", f"{place}test_b.py::test_b"])
    assert list(ROOT.glob(f"{place}test_*.py")), f"{place} names no test any more"


@pytest.mark.parametrize(("well", "code"), [(True, 0), (False, 1)])
def test_the_second_run_decides(tmp_path: Path, well: bool, code: int) -> None:
    test = tmp_path / "test_one.py"
    test.write_text(_TEST.format(seen=str(tmp_path / "seen"), well=well))
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    run = [sys.executable, ROOT / "scripts/run_tests.py", test.name]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False)
    assert (done.returncode, done.stdout.count("ONCE MORE, ALONE:")) == (code, 1), done.stdout + done.stderr
    assert done.stdout.rstrip().splitlines()[-1].startswith("1 passed" if well else "1 failed")
