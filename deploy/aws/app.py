"""`deploy/aws/templates` from the stacks: a template each, the same bytes for the same code.

Usage: python deploy/aws/app.py [--check]
"""

import json
import os
import sys
import tempfile
from pathlib import Path

# The CDK runs on node; a text comes of it, so an older one serves as well.
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "18,20,22")

from aws_cdk import App
from stacks.access import Access
from stacks.data import Data
from stacks.network import Network
from stacks.service import Service
from stacks.size import SIZES

FOLDER = Path(__file__).parent / "templates"
# What CloudFormation takes with the request, without a bucket for it.
_MOST_BYTES = 51_200


def synthesized() -> dict[str, str]:
    """File name -> template."""
    with tempfile.TemporaryDirectory() as folder:
        app = App(outdir=folder, analytics_reporting=False)
        parts = [kind(app, size) for size in SIZES for kind in (Access, Network, Data, Service)]
        app.synth()
        found = {
            f"{part.stack_name}.json": json.loads((Path(folder) / part.template_file).read_text(encoding="utf-8"))
            for part in parts
        }
    return {name: json.dumps(template, indent=1, sort_keys=True) + "\n" for name, template in found.items()}


def differing(wanted: dict[str, str]) -> list[str]:
    """Files that are not what the code gives, or that it does not give at all."""
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    return sorted(name for name in there.keys() | wanted.keys() if there.get(name) != wanted.get(name))


def main(arguments: list[str]) -> int:
    """Write the templates, or say which are old."""
    wanted = synthesized()
    if big := [name for name, text in wanted.items() if len(text.encode()) > _MOST_BYTES]:
        print(f"Larger than CloudFormation takes without a bucket: {', '.join(big)}", file=sys.stderr)
        return 1
    old = differing(wanted)
    if "--check" in arguments:
        if old:
            print(f"Not what the code gives: {', '.join(old)}. Run: make templates", file=sys.stderr)
        return 1 if old else 0
    for name in old:
        if name in wanted:
            (FOLDER / name).write_text(wanted[name], encoding="utf-8")
        else:
            (FOLDER / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
