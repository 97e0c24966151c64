"""A sheet of conversions, recorded whole or not at all; or what can be of it, when that is asked for."""

from uuid import UUID

import msgspec

from anclora.audit import record as audit
from anclora.conversions.model import Desk
from anclora.conversions.record import Recorded, record_all
from anclora.conversions.sheet import read_sheet
from anclora.kit.errors import AncloraError, InvalidError
from anclora.kit.ids import new_id
from anclora.storage.database import Database

_SHOWN = 500


class LineError(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a line; `line` as an editor counts, the names of the columns being line 1."""

    line: int
    code: str
    detail: str


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a sheet.

    Attributes:
        recorded: new ones.
        replayed: those that were there already.
        refused: lines left out, which only happens where that was asked for; `errors` names the first 500.
    """

    id: UUID
    recorded: int
    replayed: int
    refused: int
    errors: list[LineError]


class _RefusedError(InvalidError):
    """Ends the transaction: nothing of the sheet is kept."""


async def import_rows(db: Database, body: bytes, desk: Desk, *, zone: str, partial: bool) -> Imported:
    """Record a sheet.

    Raises:
        InvalidError: it is no sheet; or `lines_refused`: a line cannot be recorded and `partial` was not asked for, and
            then nothing is; `errors` of the problem names the first 500 such lines.
    """
    lines = read_sheet(body, zone)
    async with db.transaction() as conn:
        good = [(line.number, line.wish) for line in lines if not isinstance(line.wish, InvalidError)]
        ends = await record_all(conn, [wish for _, wish in good], desk, source="csv")
        errors = [_error(line.number, line.wish) for line in lines if isinstance(line.wish, InvalidError)]
        errors += [
            _error(number, end) for (number, _), end in zip(good, ends, strict=True) if isinstance(end, AncloraError)
        ]
        errors.sort(key=lambda error: error.line)
        if errors and not partial:
            raise _RefusedError(
                f"{len(errors)} of {len(lines)} lines cannot be recorded, so none was; the first: line "
                f"{errors[0].line}: {errors[0].detail}",
                code="lines_refused",
                extra={"errors": msgspec.to_builtins(errors[:_SHOWN])},
            )
        kept = [end for end in ends if isinstance(end, Recorded)]
        replayed = sum(end.replayed for end in kept)
        done = Imported(
            id=new_id(),
            recorded=len(kept) - replayed,
            replayed=replayed,
            refused=len(errors),
            errors=errors[:_SHOWN],
        )
        detail = {"recorded": done.recorded, "replayed": done.replayed, "refused": done.refused}
        await audit(conn, actor=desk.actor, action="conversion.import", subject=f"import:{done.id}", detail=detail)
    return done


def _error(number: int, error: AncloraError) -> LineError:
    return LineError(line=number, code=error.code, detail=error.detail)
