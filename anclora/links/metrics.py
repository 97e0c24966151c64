"""The instruments of this room."""

from anclora.kit.metrics import counter

CLICKS = counter("link_clicks", "Links followed, by whom: person, scanner, nowhere = the link leads nowhere", ("by",))
