"""After a deployment: is what runs what was asked for, and is it as good as what ran before? If not: back.

A deployment that ECS took back by itself ends as stable as one that went well, so the digest is looked at.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import msgspec

from anclora.deploy.ecs import Ecs
from anclora.deploy.figures import Figures, figures_of, read, total
from anclora.deploy.judge import Judged, Limits, judge
from anclora.deploy.model import Service
from anclora.deploy.rollback import RolledBack, rollback
from anclora.deploy.smoke import smoke
from anclora.deploy.status import digests_of, findings_of
from anclora.deploy.wait import Waits, until_ended
from anclora.kit.clock import Clock
from anclora.smoke import Asked
from anclora.storage.database import Database

Say = Callable[[str], None]


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What was found; `is_good` only when nothing was and the judge said good, or was not asked.

    What the smoke test says does not go is the judge's reason, before any figure is.

    Attributes:
        digest: that was asked for; `digests`: that run.
        judged: None = it did not come to that.
        rolled_back: None = it was not.
    """

    definition: str
    digest: str
    digests: tuple[str, ...]
    findings: tuple[str, ...]
    judged: Judged | None = None
    rolled_back: RolledBack | None = None

    @property
    def is_good(self) -> bool:
        """Whether to go on."""
        return not self.findings and (self.judged is None or self.judged.verdict == "good")


class Watch:
    """The last figures of each task that was seen, told apart by whether it belongs to the release.

    Args:
        before: figures of before the deployment, for when no task of before is seen any more.
    """

    def __init__(self, before: Figures | None) -> None:
        self._before = before
        self._seen: dict[str, tuple[str, Figures]] = {}

    async def look(self, service: Service) -> None:
        """Read what tasks show; whoever does not answer keeps what was read last."""
        texts = await read(service.tasks)
        rollouts = {task.id: task.rollout for task in service.tasks}
        for name, text in texts.items():
            with suppress(ValueError):  # what is no exposition says nothing
                self._seen[name] = (rollouts[name], figures_of(text))

    def judged(self, service: Service, limits: Limits) -> Judged:
        """The release against the others."""
        own = service.primary.id
        new = total(figures for rollout, figures in self._seen.values() if rollout == own)
        old = self._before or total(figures for rollout, figures in self._seen.values() if rollout != own)
        return judge(new, old, wanted=service.desired, limits=limits)


async def verify(
    db: Database,
    ecs: Ecs,
    clock: Clock,
    waits: Waits,
    *,
    actor: str,
    digest: str,
    before: Figures | None = None,
    limits: Limits | None = None,
    asked: Asked | None = None,
    roll_back: bool = False,
    say: Say = lambda _: None,
) -> Verified:
    """Wait for the deployment, assert the digest, try each path, watch it for `waits.window`; what is bad ends it.

    Args:
        db: holds the audit trail.
        ecs: the service.
        clock: for the waits.
        waits: how long; a window of 0 judges nothing.
        actor: for the audit trail, should it go back.
        digest: `sha256:…` of the image that should run.
        before: figures of before, from `status`; None = those of the tasks that are still there.
        limits: what is still good.
        asked: what the smoke test tries once the release runs; None = there is none.
        roll_back: go back to the revision before when it is judged bad. Never on `unknown`.
        say: hears how far it is.
    """
    watch, within = Watch(before), limits or Limits()
    say("Waiting until the deployment is stable …")
    service = await until_ended(ecs, clock, waits, watch.look)
    findings = list(findings_of(service))
    if digests_of(service) != (digest,):
        runs = ", ".join(each or "an image nobody pulled yet" for each in digests_of(service)) or "nothing"
        findings.append(f"What runs is {runs}, and not {digest}.")
    if findings:
        return _verified(service, digest, findings, None)
    say(f"{service.definition} runs, by that digest.")
    judged = None if asked is None else await _tried(db, service, clock, asked, actor=actor, say=say)
    if judged is None and waits.window:
        judged = await _watched(ecs, clock, waits, watch, service, within, say=say)
    if judged is None:
        return _verified(service, digest, findings, None)
    if judged.verdict != "bad":
        after = await asyncio.to_thread(ecs.describe)
        findings = [*findings_of(after)]
        if digests_of(after) != (digest,):
            findings.append(f"It did not stay: what runs is {', '.join(digests_of(after)) or 'nothing'}.")
    back: RolledBack | None = None
    if judged.verdict == "bad" and roll_back:
        say(f"It is bad: {'; '.join(judged.reasons)}. Going back …")
        reason = f"judged bad: {'; '.join(judged.reasons)}"
        back = await rollback(db, ecs, clock, waits, actor=actor, reason=reason)
    return _verified(service, digest, findings, judged, back)


async def _tried(db: Database, service: Service, clock: Clock, asked: Asked, *, actor: str, say: Say) -> Judged | None:
    """The judgement when a path does not go; None = each does."""
    say("Trying every critical path …")
    steps = await smoke(db, service, clock, asked, actor=actor)
    failed = tuple(f"smoke test, {step.name}: {step.says}" for step in steps if not step.good)
    return Judged(verdict="bad", reasons=failed, compared=()) if failed else None


async def _watched(
    ecs: Ecs, clock: Clock, waits: Waits, watch: Watch, service: Service, limits: Limits, *, say: Say
) -> Judged:
    """The judgement when the window ends, or as soon as it is bad."""
    say(f"Watching it for {waits.window:.0f} s …")
    deadline = clock.boot_seconds() + waits.window
    while True:
        await watch.look(service)
        judged = watch.judged(service, limits)
        left = deadline - clock.boot_seconds()
        if judged.verdict == "bad" or left <= 0:
            return judged
        await asyncio.sleep(min(waits.look, left))
        service = await asyncio.to_thread(ecs.describe)


def _verified(
    service: Service, digest: str, findings: list[str], judged: Judged | None, back: RolledBack | None = None
) -> Verified:
    return Verified(
        definition=service.definition,
        digest=digest,
        digests=digests_of(service),
        findings=tuple(findings),
        judged=judged,
        rolled_back=back,
    )
