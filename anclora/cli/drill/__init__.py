"""`anclora drill run|list|history`: disasters rehearsed on a private installation, and what was measured."""

from anclora.cli.drill.command import app

__all__ = ["app"]
