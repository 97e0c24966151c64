"""Writes docs/reference/settings.md from the settings themselves; `--check` fails when the page is old."""

import sys
from pathlib import Path

from anclora.kit.settings import Settings, env_name

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "settings.md"


def page() -> str:
    """The page."""
    rows = [
        f"| `{env_name(name)}` | `{field.default}` | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return (
        "# Settings\n\nEnvironment or `.env`.\n\n| name | default | meaning |\n|---|---|---|\n" + "\n".join(rows) + "\n"
    )


def main() -> int:
    """Write the page, or compare it."""
    if "--check" in sys.argv:
        same = PAGE.exists() and PAGE.read_text() == page()
        print(
            "settings page: up to date" if same else "docs/reference/settings.md is old: run scripts/settings_page.py"
        )
        return 0 if same else 1
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
