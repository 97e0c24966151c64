"""The report of drills, for who has to sign it: Markdown, a page, no word that needs a manual. Pure."""

from collections.abc import Sequence

from anclora.drills.model import TARGETS, Drill
from anclora.drills.rules import last_line


def report(drills: Sequence[Drill]) -> str:
    """What was rehearsed, what was promised, what was measured, and what happened when."""
    failed = [drill for drill in drills if not drill.passed]
    verdict = f"{len(failed)} of {len(drills)} failed" if failed else f"all {len(drills)} passed"
    day = drills[0].started_at.strftime("%Y-%m-%d %H:%M UTC") if drills else "never"
    lines = [
        f"# Disaster drill of {day}: {verdict}",
        "",
        "RTO is how long it took until messages went out again; RPO, how far back accepted messages were lost.",
        "",
        "| rehearsed | promised | back after | lost | doubled | verdict |",
        "|---|---|---|---|---|---|",
        *(_row(drill) for drill in drills),
        "",
    ]
    for drill in drills:
        lines += [f"## {drill.scenario.value}", "", TARGETS[drill.scenario].about, ""]
        lines += [f"- **{failure}**" for failure in drill.failures]
        lines += [f"- {step.at_seconds:.1f} s: {step.what}" for step in drill.steps]
        lines.append("")
    return "\n".join([*lines, last_line(drills), ""])


def _row(drill: Drill) -> str:
    target = TARGETS[drill.scenario]
    lost = f"at most {target.rpo_seconds / 60:.0f} min lost" if target.rpo_seconds else "nothing lost"
    back = "never" if drill.rto_seconds is None else f"{drill.rto_seconds:.1f} s"
    cells = (
        drill.scenario.value,
        f"{target.rto_seconds / 60:.0f} min, {lost}",
        back,
        f"{drill.lost} of {drill.messages:,}",
        str(drill.doubled),
        "passed" if drill.passed else "FAILED",
    )
    return f"| {' | '.join(cells)} |"
