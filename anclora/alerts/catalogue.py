"""The catalogue, read from `book/*.toml` at import, so that a bad file stops the start and not the night."""

import tomllib
from importlib.resources import files

import msgspec

from anclora.alerts.model import DASHBOARDS, Alert, Blind, Catalogue, Part, Raised
from anclora.kit.errors import NotFoundError

PARTS = ("slo", "queue", "workers", "servers", "numbers", "operations")


def load() -> Catalogue:
    """Read every file.

    Raises:
        ValueError: a word nobody knows, a missing text, two alerts of one name, a dashboard there is not.
    """
    folder = files(__package__ or __name__) / "book"
    parts = {name: _read(name, (folder / f"{name}.toml").read_text(encoding="utf-8")) for name in PARTS}
    catalogue = Catalogue(parts=parts)
    told = [*catalogue.alerts, *catalogue.raised]
    names = [alert.name for alert in told]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{', '.join(twice)}: an alert has one entry")
    if astray := [alert.name for alert in told if alert.dashboard not in DASHBOARDS]:
        raise ValueError(f"{', '.join(astray)}: there are only the dashboards {', '.join(DASHBOARDS)}")
    return catalogue


def _read(name: str, text: str) -> Part:
    try:
        return msgspec.convert(tomllib.loads(text), Part)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ValueError(f"anclora/alerts/book/{name}.toml: {error}") from error


def _blind(catalogue: Catalogue) -> Blind:
    found = [part.blind for part in catalogue.parts.values() if part.blind]
    if len(found) != 1:
        raise ValueError("The catalogue describes once what it means to see nothing: [blind]")
    return found[0]


CATALOGUE = load()
BLIND = _blind(CATALOGUE)
_BY_NAME = {alert.name: alert for alert in CATALOGUE.alerts}
_RAISED = {raised.name: raised for raised in CATALOGUE.raised}


def find(name: str) -> Alert | Blind:
    """The alert of a name.

    Raises:
        NotFoundError: there is none.
    """
    found = BLIND if name == BLIND.name else _BY_NAME.get(name)
    if found is None:
        raise NotFoundError(f"There is no alert {name[:80]!r}. See: anclora alerts list", code="alert_not_found")
    return found


def read_up(name: str) -> Alert | Blind | Raised:
    """What has a page of this name: the alerts, and what the program says itself.

    Raises:
        NotFoundError: nothing has.
    """
    return _RAISED.get(name) or find(name)
