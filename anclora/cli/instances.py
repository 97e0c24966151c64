"""`anclora instances`: our numbers and whether they are connected."""

from anclora.cli.client import Client
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import show_rows


def instances(data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Our numbers."""
    answer = Client(data_dir).call("GET", "/api/whatsapp/instances")
    show_rows(answer["instances"], ("name", "status", "owner"), as_json=as_json, empty="No number is known yet.")
