"""The playbook's rules on what was seen, and what follows for whoever has to decide. Pure.

The words as everybody uses them: out = more processes, up = bigger ones. The playbook writes "Scale Up (Add Tasks)" and
"Scale Out (Increase Resources)"; a rule says under which of its headings it stands.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from anclora.capacity.model import Advice, Effective, Foresight, Rule, Step, Todo, Verdict
from anclora.kit.errors import InvalidError

_ADD, _INCREASE = "Scale Up (Add Tasks)", "Scale Out (Increase Resources)"
P95_SECONDS = 0.2
_WORDS = {
    "scale-out": Step.OUT,
    "add-tasks": Step.OUT,
    "scale-up": Step.UP,
    "increase-resources": Step.UP,
    "raise-sender-limits": Step.LIMITS,
}


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that an alert watches.

    Attributes:
        alert: its incidents are the history.
    """

    id: str
    rule: str
    step: Step
    playbook: str
    alert: str


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What the history has of an alert.

    Attributes:
        looks: somebody looks for it now: the built-in watch, or Prometheus.
        times: incidents in the span; `last_at` = when the last began.
        needs: what would make somebody look.
    """

    looks: bool
    times: int
    last_at: datetime | None
    needs: str = "it needs Prometheus"


WATCHED = (
    Watched(
        id="depth",
        rule="queue depth above 5,000 for 5 min",
        step=Step.OUT,
        playbook=_ADD,
        alert="AncloraQueueBacklogCritical",
    ),
    Watched(id="cpu", rule="CPU above 70 % for 10 min", step=Step.OUT, playbook=_ADD, alert="AncloraTaskCpuHigh"),
    Watched(id="memory", rule="memory above 80 %", step=Step.UP, playbook=_INCREASE, alert="AncloraTaskMemoryHigh"),
    Watched(id="oom", rule="OOM kills", step=Step.UP, playbook=_INCREASE, alert="AncloraTaskOOMKilled"),
    Watched(
        id="lag",
        rule="event loop more than 100 ms late",
        step=Step.UP,
        playbook=_INCREASE,
        alert="AncloraEventLoopLagHigh",
    ),
)


def step_of(word: str) -> Step:
    """The step somebody means; of the playbook's words those in its brackets, since its others are swapped.

    Raises:
        InvalidError: no such word.
    """
    found = _WORDS.get(word.strip().lower().replace(" ", "-").replace("_", "-"))
    if found is None:
        raise InvalidError(f"There is no step {word[:40]!a}. Choose from: {', '.join(_WORDS)}.", code="unknown_step")
    return found


def judge_watched(watched: Watched, seen: Seen, days: int) -> Rule:
    """A rule by its alert. What fired is true even if nobody looks now; silence then says nothing."""
    if seen.times:
        last = f", last {seen.last_at:%Y-%m-%d %H:%M} UTC" if seen.last_at else ""
        verdict, evidence = "fired", f"{watched.alert}: {seen.times} in {days} days{last}"
    elif seen.looks:
        verdict, evidence = "quiet", f"{watched.alert}: not in {days} days"
    else:
        verdict, evidence = "not measured", f"nobody looks: {seen.needs}"
    return _rule(watched.id, watched.rule, watched.step, watched.playbook, verdict, evidence)


def judge_latency(p95_seconds: float | None, count: int, days: int) -> Rule:
    """p95 from the moment a message could go to the provider's answer, from the rows."""
    if p95_seconds is None:
        verdict, evidence = "not measured", f"no message was sent in {days} days"
    else:
        verdict = "fired" if p95_seconds > P95_SECONDS else "quiet"
        evidence = f"{p95_seconds * 1000:,.0f} ms over {count:,} messages of {days} days"
    return _rule("p95", "processing latency p95 above 200 ms", Step.OUT, _ADD, verdict, evidence)


def advice_of(
    rules: Sequence[Rule], effective: Effective, foresight: Foresight, *, now: datetime, days: int, workers: int
) -> Advice:
    """What to do: the rules say that something is short, the ceiling that binds says what."""
    fired = {step: [each.id for each in rules if each.step is step and each.verdict == "fired"] for step in Step}
    todo: list[Todo] = []
    if fired[Step.OUT]:
        todo.append(_for_load(", ".join(fired[Step.OUT]), effective, workers))
    if fired[Step.UP]:
        what = f"{', '.join(fired[Step.UP])} fired: give each process more memory or CPU, the slope of a leak apart."
        todo.append(Todo(step=Step.UP, what=what))
    if foresight.next is not None:
        todo.append(_for_growth(foresight))
    blind = [each.id for each in rules if each.verdict == "not measured"]
    unknown = [*blind, *(f"ceiling of {name}" for name in effective.unmeasured)]
    if foresight.lacks:
        unknown.append("forecast")
    if unknown:
        todo.append(Todo(step=Step.MEASURE, what=f"Not measured: {', '.join(unknown)}. Nothing is said of these."))
    if not todo:
        todo.append(Todo(step=Step.WAIT, what="No rule fired, and no known ceiling is reached within a year."))
    return Advice(at=now, days=days, effective=effective, rules=tuple(rules), todo=tuple(todo))


def _for_load(why: str, effective: Effective, workers: int) -> Todo:
    if effective.binds == "senders":
        what = (
            f"{why} fired, and the numbers are what binds: adding workers does not help. Raise their limits where the "
            "provider allows it, or add numbers."
        )
        return Todo(step=Step.LIMITS, what=what)
    if effective.binds in ("redis", "postgres", "gateway"):
        what = f"{why} fired, and {effective.binds} binds: make that host bigger; more workers only wait for it."
        return Todo(step=Step.UP, what=what)
    if effective.binds is None:
        return Todo(step=Step.OUT, what=f"{why} fired: add dispatch processes. Which ceiling binds is not measured.")
    return Todo(step=Step.OUT, what=f"{why} fired, and the workers bind: add to the {workers} dispatch processes.")


def _for_growth(foresight: Foresight) -> Todo:
    first = foresight.next
    if first is None:  # narrowed by the caller; said again for the reader
        return Todo(step=Step.WAIT, what="")
    steps = {"workers": Step.OUT, "senders": Step.LIMITS}
    full = f", and all of it on {first.at_100_percent}" if first.at_100_percent else ""
    what = f"The busy case reaches 70 % of {first.of} on {first.at_70_percent}{full}: plan before that."
    return Todo(step=steps.get(first.name, Step.UP), what=what)


def _rule(id_: str, rule: str, step: Step, playbook: str, verdict: Verdict, evidence: str) -> Rule:
    return Rule(id=id_, rule=rule, step=step, playbook=playbook, verdict=verdict, evidence=evidence)
