"""`anclora queue`: what waits, and why."""

from anclora.cli.client import Client
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import show_facts


def queue(data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """The figures of the queue."""
    show_facts(Client(data_dir).call("GET", "/queue/metrics"), as_json=as_json)
