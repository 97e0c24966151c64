"""Playing scenarios one after the other, each on a stage of its own, and judging what was measured."""

import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

import msgspec

from anclora.cli.drill.configuration import configuration
from anclora.cli.drill.credentials import credential_rotation
from anclora.cli.drill.instant import postgres_point_in_time
from anclora.cli.drill.lanes import corruption, redis_loss
from anclora.cli.drill.region import region
from anclora.cli.drill.scene import SCRIPT, Scene
from anclora.cli.stage import staged
from anclora.drills import Drill, Scenario, Step, failures_of

PLAYED: Mapping[Scenario, Callable[[Scene], Awaitable[float | None]]] = {
    Scenario.REDIS_LOSS: redis_loss,
    Scenario.CORRUPTION: corruption,
    Scenario.CREDENTIAL_ROTATION: credential_rotation,
    Scenario.POSTGRES_POINT_IN_TIME: postgres_point_in_time,
    Scenario.CONFIGURATION: configuration,
    Scenario.REGION: region,
}


async def play(scenario: Scenario, total: int, say: Callable[[Step], None]) -> Drill:
    """One rehearsal from start to end; nothing of it is left behind.

    Args:
        scenario: what is broken.
        total: how many messages are accepted.
        say: gets each line of the diary as it is written.

    Raises:
        SetupError: the stage could not be set, which says nothing about the product.
    """
    started_at, began = datetime.now(UTC), time.monotonic()
    async with staged("anclora-drill-", SCRIPT) as stage:
        scene = Scene(stage, total, say)
        rto = await PLAYED[scenario](scene)
        if rto is None:
            scene.note("It did not come back in time.")
        ends = await scene.finish()
    drill = Drill(
        scenario=scenario,
        started_at=started_at,
        seconds=round(time.monotonic() - began, 2),
        messages=len(scene.accepted),
        rto_seconds=None if rto is None else round(rto, 2),
        rpo_seconds=max(scene.gap_seconds, scene.rpo_seconds(len(ends.lost))),
        lost=len(ends.lost),
        doubled=len(ends.doubled),
        figures_off=ends.figures_off,
        steps=tuple(scene.steps),
        failures=tuple(scene.wrong),
    )
    return msgspec.structs.replace(drill, failures=failures_of(drill))
