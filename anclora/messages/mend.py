"""The mender: one number at a time, its lane at rest, its messages looked up before the lane goes on, then verified.

It stands above the lanes and the messages because a remedy touches both; what to do is decided in
`instances.remedies`. The rest of a lane runs out by itself, so that a mender that dies leaves nobody standing.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from anclora.events import EventType, Happened, append
from anclora.instances.book import InstanceBook
from anclora.instances.duty import Duty
from anclora.instances.evidence import read_evidence
from anclora.instances.maintenance import busy
from anclora.instances.mends import (
    ACTOR,
    Ward,
    begin_mend,
    count_anew,
    end_mend,
    mark_acted,
    mark_resumed,
    note_person,
    read_ward,
    stop_mending,
)
from anclora.instances.remedies import Decision, Mend, Outcome, Patient, decide, verify
from anclora.instances.rules import Evidence, accuse
from anclora.kit.clock import Clock
from anclora.kit.errors import AncloraError, UnavailableError
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.messages import metrics, receipts
from anclora.messages.feed import lane_of
from anclora.messages.gates import QUERIES, GateChoice, pause
from anclora.providers.contract import ReceiptEvent
from anclora.providers.contract.numbers import Numbers, numbers_of
from anclora.providers.registry import Providers
from anclora.queue import Queue
from anclora.storage.database import Database, fetch_all

log = get_logger(__name__)
_DUTY_SECONDS = 90.0
_RESTS_SECONDS = 150.0  # longer than a remedy may take, so that nothing goes before the look-up
_WELL = timedelta(minutes=10)
_LOOK_BACK = timedelta(minutes=15)  # the watch of stalled messages looks up the older ones
_LOOK_UPS, _LOOK_UPS_AT_ONCE = 200, 8
# What the provider must still say for a remedy to be right.
_STILL: Mapping[str, tuple[str, ...]] = {
    "disconnected": ("close", "unknown"),
    "connecting": ("connecting",),
    "stalled": ("open",),
}


class Mender(Loop):
    """Mends numbers; one process at a time, one step of one number after the other."""

    name = "mend"

    def __init__(
        self, db: Database, queue: Queue, providers: Providers, book: InstanceBook, settings: Settings, clock: Clock
    ) -> None:
        super().__init__()
        self.every_seconds = settings.watch_every_seconds
        self._db = db
        self._queue = queue
        self._providers = providers
        self._book = book
        self._settings = settings
        self._clock = clock
        self._duty = Duty(db, "mend", seconds=_DUTY_SECONDS)

    async def run_once(self) -> bool:
        """Verify what was begun, then decide about every number."""
        if not self._settings.mender or not await self._duty.take():
            return False
        now = self._clock.now()
        ward = await read_ward(self._db, now)
        if ward.open:
            evidence = {each.name: each for each in await read_evidence(self._db, now)}
            for name in ward.open:
                await self._go_on(ward, name, evidence.get(name))
            ward = await read_ward(self._db, now)
        undisturbed = await busy(self._db, now)
        begun = ward.in_an_hour
        for name, patient in ward.patients.items():
            decision = decide(
                patient,
                busy=undisturbed.get("") or undisturbed.get(name),
                all_in_an_hour=begun,
                per_hour=self._settings.mends_per_hour,
                per_hour_all=self._settings.mends_per_hour_all,
                now=now,
            )
            begun += decision.step == "act"
            await self._step(ward, patient, decision)
        return False

    async def _step(self, ward: Ward, patient: Patient, decision: Decision) -> None:
        numbers = self._numbers(ward, patient.name)
        if numbers is None:
            return
        if decision.step == "act":
            await self._act(patient, decision, numbers)
        elif decision.step == "stop":
            await self._stand_still(patient, decision.why, stops=True)
        elif decision.step == "notice" and ward.notes.get(patient.name) != decision.why:
            await self._stand_still(patient, decision.why, stops=False)
        elif patient.status == "connected" and patient.name in ward.held and patient.name not in ward.open:
            await self._recovered(ward, patient)

    async def _act(self, patient: Patient, decision: Decision, numbers: Numbers) -> None:
        """The lane first, then a last look, then the remedy."""
        name = patient.name
        mend_id = await begin_mend(self._db, patient, decision, rests_seconds=_RESTS_SECONDS, now=self._clock.now())
        if mend_id is None:
            return
        metrics.MENDS.labels(decision.remedy or "").inc()
        log.warning("mend_begun", instance=name, remedy=decision.remedy, status=patient.status, why=decision.why)
        await self._queue.pause(lane_of(name), for_seconds=_RESTS_SECONDS, probe=True)
        try:
            word = await numbers.state(name)
            if word not in _STILL[patient.status]:
                await self._not_needed(name, mend_id, word)
                return
            if decision.remedy == "connect":
                pairing = await numbers.connect(name)
                answer = "it shows a code" if pairing.qr else pairing.state
            else:
                await numbers.restart(name)
                answer = "restarting"
        except AncloraError as error:
            answer = error.code
            log.warning("remedy_refused", instance=name, code=error.code, error=error.detail)
        await mark_acted(self._db, name, mend_id, self._clock.now(), answer=answer)

    async def _not_needed(self, name: str, mend_id: UUID, word: str) -> None:
        now = self._clock.now()
        await mark_resumed(self._db, name, mend_id, now, looked_up=0)
        await self._queue.resume(lane_of(name), gently=True)
        outcome = Outcome(result="not_needed", detail=f"it is {word} by now")
        await end_mend(self._db, name, mend_id, outcome, now)

    async def _go_on(self, ward: Ward, name: str, evidence: Evidence | None) -> None:
        """One look at a remedy under way: resume when it is open, end when it is known whether it helped."""
        mend_id, mend = ward.open[name]
        numbers = self._numbers(ward, name)
        if numbers is None or evidence is None:
            gone = Outcome(result="failed", detail="the number is not there any more")
            await end_mend(self._db, name, mend_id, gone, self._clock.now())
            return
        try:
            state = await numbers.state(name)
        except AncloraError as error:
            log.warning("state_not_asked", instance=name, code=error.code, error=error.detail)
            state = ward.states[name]
        if state == "open" and mend.acted_at is not None and mend.resumed_at is None:
            await self._resume(ward, name, mend_id)
            return
        await self._verify(name, mend_id, mend, state, evidence)

    async def _resume(self, ward: Ward, name: str, mend_id: UUID) -> None:
        """Look up what nobody acknowledged, then let the lane go on: one message, then more as they go well."""
        looked_up = await self._look_up(ward.providers[name], name)
        await mark_resumed(self._db, name, mend_id, self._clock.now(), looked_up=looked_up)
        await self._queue.resume(lane_of(name), gently=True)

    async def _verify(self, name: str, mend_id: UUID, mend: Mend, state: str, evidence: Evidence) -> None:
        now = self._clock.now()
        outcome = verify(mend, state=state, against=accuse(evidence, now), acked_at=evidence.acked_at, now=now)
        if outcome is not None:
            await end_mend(self._db, name, mend_id, outcome, now)
            metrics.MENDED.labels(outcome.result).inc()
            log.warning("mend_ended", instance=name, result=outcome.result, detail=outcome.detail)

    async def _look_up(self, provider_name: str, name: str) -> int:
        """Ask the provider about every message of the number that nobody acknowledged; how many those were."""
        provider = self._providers[provider_name]
        since = self._clock.now() - _LOOK_BACK
        rows = await self._db.fetch_all(QUERIES["unacknowledged"], name=name, since=since, limit=_LOOK_UPS)
        gate = asyncio.Semaphore(_LOOK_UPS_AT_ONCE)

        async def one(provider_id: str) -> ReceiptEvent | None:
            async with gate:
                try:
                    return await provider.find_receipt(name, provider_id)
                except AncloraError as error:
                    log.warning("look_up_failed", instance=name, error=error.detail)
                    return None

        found = await asyncio.gather(*(one(row["provider_id"]) for row in rows))
        heard = [(name, event) for event in found if event is not None]
        if heard:
            async with self._db.transaction() as conn:
                at = self._clock.now()
                await receipts.apply(conn, receipts.gather(heard, at), at)
        return len(rows)

    async def _stand_still(self, patient: Patient, why: str, *, stops: bool) -> None:
        """Nothing more can be done by a machine: say so once, and let no message be burnt meanwhile."""
        now = self._clock.now()
        async with self._db.transaction() as conn:
            if stops:
                news = await stop_mending(conn, patient.name, why, now)
            else:
                news = await note_person(conn, patient.name, why)
            if news:
                data = {"status": patient.status, "was": patient.status, "reason": why, "changes": 0, "flapping": False}
                subject = f"instance:{patient.name}"
                kind = EventType.INSTANCE_STATUS
                await append(conn, [Happened(type=kind, subject=subject, instance=patient.name, at=now, data=data)])
        if news:
            metrics.MENDED.labels("stopped" if stops else "person").inc()
            log.error("a_person_must_look", instance=patient.name, status=patient.status, why=why)
            choice = GateChoice(instance=patient.name, why=why[:200])
            await pause(self._db, choice, actor=ACTOR)

    async def _recovered(self, ward: Ward, patient: Patient) -> None:
        """A number that is well lets its lane go on; one that was given up must be well for a while first."""
        now = self._clock.now()
        if patient.stopped and now - patient.since < _WELL:
            return
        async with self._db.transaction() as conn:
            if patient.name in ward.notes:
                await count_anew(conn, patient.name, actor=ACTOR, why="it is well again", now=now)
            opened = await fetch_all(conn, QUERIES["open_own_gate"], name=patient.name, actor=ACTOR)
        if opened:
            log.info("lane_goes_on", instance=patient.name)
            try:
                await self._queue.resume(lane_of(patient.name), gently=True)
            except UnavailableError as error:
                log.warning("lanes_unreachable", error=repr(error))

    def _numbers(self, ward: Ward, name: str) -> Numbers | None:
        try:
            return numbers_of(self._providers[ward.providers[name]])
        except AncloraError:  # its provider is not configured in this process
            return None
