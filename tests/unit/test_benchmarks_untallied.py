"""The program without tallies that `make bench` compares ours with: it knows every statement that appends a delta."""

from pathlib import Path

import anclora
from anclora.storage.queries import load_queries
from benchmarks.untallied import without_tallies

ROOT = Path(anclora.__file__).parent
APPENDS = "insert into tally_deltas"


def test_of_every_statement_of_the_product_the_deltas_are_cut() -> None:
    folders = [folder.parent for folder in ROOT.rglob("sql")]
    packages = [f"anclora.{folder.relative_to(ROOT)}".replace("/", ".") for folder in folders]
    appending = 0
    for package in packages:
        if package != "anclora.tallies":
            found = load_queries(package)
            for name, text in without_tallies(found).items():
                assert (text != found[name]) == (APPENDS in found[name]), f"{package}: {name}"
                appending += text != found[name]
    assert appending > 8
