"""A hook of mkdocs: what differs between the pages in the repository and the same pages as a site.

In the repository a page may lead to a file of the code; the site has no code, so the words stay and the link goes. The
playbook is kept as it was ordered, and its four links lead to where its pages are. Diagrams are drawn by the reader's
browser with a copy of mermaid that `make site` laid down; without one they stay text, and nothing is asked of anybody.
"""

import re
from pathlib import Path
from typing import Any

MERMAID = Path(__file__).parent.parent / "build" / "mermaid" / "package" / "dist" / "mermaid.min.js"
_OUTSIDE = re.compile(r"\[([^\]]+)\]\((?:\.\./)+(?:anclora|tests|scripts|deploy|benchmarks|CHANGELOG)[^)]*\)")
_PLAYBOOK = re.compile(r"\]\(\./([\w-]+\.md)\)")


def on_config(config: Any) -> Any:
    """Use the copy of mermaid, where there is one; else show diagrams as the text they are."""
    if MERMAID.is_file():
        config["extra_javascript"].append("mermaid.min.js")
    else:
        config["mdx_configs"]["pymdownx.superfences"] = {}
    return config


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """The page without links to what the site has not."""
    if page.file.src_uri == "reference/playbook-original.md":
        return _PLAYBOOK.sub(r"](../runbooks/\1)", markdown)
    return _OUTSIDE.sub(r"\1", markdown)


def on_post_build(config: Any) -> None:
    """Lay the copy beside the pages."""
    if MERMAID.is_file():
        (Path(config["site_dir"]) / MERMAID.name).write_bytes(MERMAID.read_bytes())
