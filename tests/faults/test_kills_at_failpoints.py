"""Workers die at the four moments that matter, again and again: nothing is lost, nothing doubled, the order holds.

Bounded by default; `make faults LONG=1` is the campaign: thirty kills at each of three moments, ten at the fourth,
ten at random ones, 200,000 messages. The seed is printed, and `FAULTS_SEED` replays it.
"""

import asyncio
import os
import secrets
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from anclora.kit.failpoints import AFTER_INTENT, AFTER_SEND, BEFORE_COMPLETE, HALF_STORED
from anclora.providers.sandbox import read_witness
from anclora.storage.embedded import EmbeddedServers
from tests.faults.town import Town, town

LONG = bool(os.environ.get("LONG"))
KILLS, HALVES, RANDOM_KILLS = (30, 10, 10) if LONG else (2, 2, 1)
MESSAGES, PEOPLE = (200_000, 10_000) if LONG else (3_600, 400)
_FAST = {"ANCLORA_CONNECTIONS": "64", "ANCLORA_SEND_SLOTS": "256"} if LONG else {}
_DEATH_SECONDS = 150.0
_REST_SECONDS = 1_800.0 if LONG else 200.0
# How often a moment is passed before it kills: sends are many, groups of intents and results are few.
_PASSES = {AFTER_SEND: 60, AFTER_INTENT: 3, BEFORE_COMPLETE: 5, HALF_STORED: 5}


async def die_at(here: Town, dice: Random, turn: int, moment: str) -> None:
    """One worker, which dies by its own hand when it passes a moment."""
    failpoint = f"{moment}:{dice.randint(1, _PASSES[moment])}"
    mortal = await here.start(f"mortal-{turn}", "dispatch", ANCLORA_FAILPOINT=failpoint)
    async with asyncio.timeout(_DEATH_SECONDS):
        assert await mortal.wait() == -9, (failpoint, mortal.last_words())


async def die_at_random(here: Town, dice: Random, turn: int) -> None:
    """One worker, killed when so many more messages are out."""
    mortal = await here.start(f"mortal-{turn}", "dispatch")
    await here.out(len(read_witness(here.witness)) + dice.randint(1, 200))
    await mortal.kill()


def out_of_order(here: Town) -> list[tuple[int, int]]:
    """Neighbours in a person's conversation that left in the wrong order."""
    by_person: defaultdict[str, list[int]] = defaultdict(list)
    for sighting in read_witness(here.witness):
        by_person[sighting.recipient].append(int(sighting.text.removeprefix("#")))
    return [pair for serials in by_person.values() for pair in pairwise(serials) if pair[0] > pair[1]]


@pytest.mark.timeout(7_200 if LONG else 480)
async def test_workers_killed_at_every_moment_lose_nothing_and_double_nothing(
    own_servers: EmbeddedServers, tmp_path: Path
) -> None:
    seed = int(os.environ.get("FAULTS_SEED") or secrets.randbelow(10**9))
    print(f"FAULTS_SEED={seed}")
    dice = Random(seed)
    moments = [*(AFTER_INTENT, AFTER_SEND, BEFORE_COMPLETE) * KILLS, *[HALF_STORED] * HALVES, *[""] * RANDOM_KILLS]
    dice.shuffle(moments)
    async with town(own_servers, tmp_path, **_FAST) as here:
        here.people = PEOPLE
        share = MESSAGES // len(moments)
        for turn, moment in enumerate(moments):
            for first in range(turn * share, (turn + 1) * share, 1_000):
                await here.send_many(first, min(1_000, (turn + 1) * share - first))
            await (die_at(here, dice, turn, moment) if moment else die_at_random(here, dice, turn))
        await here.start("survivor", "dispatch")
        await here.at_rest(timeout_seconds=_REST_SECONDS)
        assert here.doubled_or_lost() == {}, f"FAULTS_SEED={seed}"
        assert out_of_order(here) == [], f"FAULTS_SEED={seed}"
