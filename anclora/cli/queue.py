"""`anclora queue`: what waits, and where."""

from anclora.cli.client import Client
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import console, show_facts, show_json, show_rows

_LANE = ("instance", "waiting", "active", "delayed", "paused")


def queue(data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """What waits, in all and number by number."""
    figures = Client(data_dir).call("GET", "/queue/metrics")
    if as_json:
        show_json(figures)
        return
    lanes = figures.pop("lanes", None)
    show_facts(figures, as_json=False)
    console.print()
    if lanes is None:
        console.print("Redis is away: what is queued counts as waiting, and no lane can be shown.")
        return
    show_rows(lanes, _LANE, as_json=False, empty="Every lane is empty, and none rests.")
