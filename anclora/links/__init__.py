"""Short links: where one leads is fixed when it is made, and whoever follows it is counted.

A token is random and long enough that nobody guesses one. A click says when, and by what kind of device; no address is
kept. Programs that look at links (previews, mail filters) are told apart and counted for themselves, with the reason.
"""

from anclora.links.follow import Followed, follow
from anclora.links.make import make
from anclora.links.model import Click, Link, LinkDraft
from anclora.links.read import find, show

__all__ = ["Click", "Followed", "Link", "LinkDraft", "find", "follow", "make", "show"]
