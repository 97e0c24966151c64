"""What `make site` changes of a page: links to what a site has not are words, and nothing is asked of anybody."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from scripts import site_links

ROOT = Path(__file__).parent.parent.parent


def shown(markdown: str, uri: str = "howto/page.md") -> str:
    return site_links.on_page_markdown(markdown, SimpleNamespace(file=SimpleNamespace(src_uri=uri)))


def test_a_link_to_the_code_is_words_and_one_to_a_page_stays() -> None:
    text = (
        "See [`provider.py`](../../anclora/provider.py), [the suite](../../tests/contract/x.py) and [doubt](../d.md)."
    )
    assert shown(text) == "See `provider.py`, the suite and [doubt](../d.md)."


def test_the_ordered_playbook_leads_to_its_pages() -> None:
    assert shown("[x](./x.md)", "reference/playbook-original.md") == "[x](../runbooks/x.md)"
    assert shown("[x](./x.md)") == "[x](./x.md)"


def test_diagrams_are_text_without_a_copy_of_mermaid_and_never_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def config() -> Any:
        drawn = {"pymdownx.superfences": {"custom_fences": ["mermaid"]}}
        return {"extra_javascript": [], "mdx_configs": drawn, "site_dir": str(tmp_path)}

    monkeypatch.setattr(site_links, "MERMAID", tmp_path / "copy" / "mermaid.min.js")
    assert site_links.on_config(config())["mdx_configs"] == {"pymdownx.superfences": {}}
    site_links.MERMAID.parent.mkdir()
    site_links.MERMAID.write_bytes(b"draw")
    with_copy = site_links.on_config(config())
    assert with_copy["extra_javascript"] == ["mermaid.min.js"]
    assert with_copy["mdx_configs"]["pymdownx.superfences"]["custom_fences"] == ["mermaid"]
    site_links.on_post_build(with_copy)
    assert (tmp_path / "mermaid.min.js").read_bytes() == b"draw"


def test_the_site_asks_for_no_fonts_and_ci_builds_it_strictly() -> None:
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert "  font: false\n" in settings
    assert "http" not in settings
    assert "mkdocs build --quiet --strict" in (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "make site" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
