"""The verdict. Pure."""

from collections.abc import Sequence

from anclora.drills.model import TARGETS, Drill


def failures_of(drill: Drill) -> tuple[str, ...]:
    """What is not as promised, a sentence each, after what the drill itself found wrong."""
    target = TARGETS[drill.scenario]
    wrong = list(drill.failures)
    if drill.rto_seconds is None:
        wrong.append("It did not come back.")
    elif drill.rto_seconds > target.rto_seconds:
        wrong.append(f"It took {drill.rto_seconds:.0f} s to come back; promised are {target.rto_seconds:.0f} s.")
    if drill.rpo_seconds > target.rpo_seconds:
        wrong.append(f"What was accepted up to {drill.rpo_seconds:.0f} s before the failure is lost.")
    for count, what in (
        (drill.lost, "messages were lost."),
        (drill.doubled, "messages went out twice."),
        (drill.figures_off, "figures are not what the rows say."),
    ):
        if count:
            wrong.append(f"{count} {what}")
    return tuple(wrong)


def worst(drills: Sequence[Drill]) -> tuple[float | None, float, int]:
    """RTO and RPO in seconds and the number of lost messages of the worst; RTO None = one never came back."""
    times = [drill.rto_seconds for drill in drills]
    known = [time for time in times if time is not None]
    rto = None if len(known) < len(times) else max(known, default=0.0)
    return rto, max((drill.rpo_seconds for drill in drills), default=0.0), sum(drill.lost for drill in drills)


def last_line(drills: Sequence[Drill]) -> str:
    """`RTO 12.3 s RPO 0 s lost 0`, of the worst of them."""
    rto, rpo, lost = worst(drills)
    return f"RTO {'never' if rto is None else f'{rto:.1f} s'} RPO {rpo:.0f} s lost {lost}"
