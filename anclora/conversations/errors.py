"""What can be wrong with a request about a conversation."""

from uuid import UUID

from anclora.kit.errors import ConflictError, InvalidError, NotFoundError

_LONGEST = 500
_LONGEST_NAME = 100


def no_conversation(conversation_id: UUID) -> NotFoundError:
    """There is none."""
    return NotFoundError(f"There is no conversation {conversation_id}.", code="conversation_not_found")


def is_closed() -> ConflictError:
    """It is over."""
    return ConflictError(
        "The conversation is closed; when the person writes again, a new one opens.", code="conversation_closed"
    )


def held_by(agent: str | None) -> ConflictError:
    """Another has it than the caller believes."""
    who = f"{agent} has the conversation" if agent else "Nobody has the conversation"
    return ConflictError(
        f"{who}. Look at it again, then decide: a claim may take it over by naming its holder in instead_of.",
        code="held_by_another",
        extra={"agent": agent},
    )


def line(name: str, text: str | None, *, longest: int = _LONGEST) -> str | None:
    """A text in one line as it is kept; empty = None. Raises `InvalidError`."""
    if text is None or not text.strip():
        return None
    found = text.strip()
    if len(found) > longest or not found.isprintable():
        raise InvalidError(
            f"{name} may have {longest} characters in one line, all of them printable.", code="invalid_text"
        )
    return found


def agent_name(text: str) -> str:
    """The name of an agent. Raises `InvalidError`."""
    name = line("agent", text, longest=_LONGEST_NAME)
    if name is None:
        raise InvalidError("agent is empty; name who takes the conversation.", code="invalid_text")
    return name
