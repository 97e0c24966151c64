"""Role -> the loops it runs. Every loop of the product is started here, and stopped here in order.

`api` keeps the short ways to the lanes and from the webhooks; `dispatch` sends; `work` mends, promotes, resolves and
keeps house.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Collection
from enum import StrEnum
from importlib import import_module

from anclora.alerts import DirectWay, Evaluator, Look
from anclora.audit import Sealer
from anclora.backups import BackupChore, BackupVerification, BaseChore, LogChore, send_apart
from anclora.conversations import ConversationFollower
from anclora.events import WANTED, WantedKeeper
from anclora.health.backlog import BacklogLine
from anclora.hooks import Courier, EventPrune, FanOut, HookSweep
from anclora.inbound.gaps import GapWatch
from anclora.inbound.prune import InboundPrune
from anclora.inbound.sweep import InboundSweep
from anclora.incidents import EscalationEngine, HandoffAlarm, gather_facts
from anclora.instances.account import AccountNotices
from anclora.instances.book import BookKeeper
from anclora.instances.checks import CheckSweep
from anclora.instances.limits import LimitsWatch
from anclora.instances.watch import Watch
from anclora.instances.webhook_keeper import WebhookKeeper
from anclora.kit.errors import UnavailableError
from anclora.kit.lifecycle import Loop, running
from anclora.kit.logging import get_logger
from anclora.media import MediaSweep
from anclora.messages.canary import Canary
from anclora.messages.dispatch import Dispatcher, Extender
from anclora.messages.expire import Expiry
from anclora.messages.mend import Mender
from anclora.messages.pacing import PaceKeeper
from anclora.messages.queue_view import QueueWatch
from anclora.messages.readmit import Readmission
from anclora.messages.reconcile import Reconciler, current_epoch
from anclora.messages.resolve import Resolver
from anclora.messages.stall import StallWatch
from anclora.messages.sweep import Housekeeping, LaneSweep, OrphanSweep, OutboxSweep, Promoter
from anclora.messages.worker import Worker
from anclora.notify import Messenger
from anclora.oncall import HandoffKeeper
from anclora.playbook import Routines
from anclora.reports import ReportPost
from anclora.retention import RetentionChore
from anclora.runtime import Runtime, playbook_of
from anclora.storage.timekeeper import Timekeeper
from anclora.storage.turns import in_turn
from anclora.tallies import TallyFold
from anclora.templates import TemplateSync

log = get_logger(__name__)
_STOP_SECONDS = 10.0
_FLUSH_SECONDS = 5.0


class Role(StrEnum):
    """What a process does."""

    API = "api"
    DISPATCH = "dispatch"
    WORK = "work"
    ALL = "all"


def work_loops(runtime: Runtime) -> list[Loop]:
    """The loops that mend and keep house; safe in several processes at once.

    A chore of a period is done `in_turn`, by one of them each time; the others find by rows of their own what is due.
    """
    db, queue, settings, clock = runtime.db, runtime.queue, runtime.settings, runtime.clock
    asked = ",".join(sorted(runtime.providers))
    return [
        in_turn(db, Housekeeping(db, settings, clock)),
        Reconciler(db, queue, settings, clock),
        OutboxSweep(db, queue, settings),
        in_turn(db, InboundPrune(db, settings, clock)),
        InboundSweep(db, runtime.providers, settings),
        GapWatch(db, runtime.providers, settings, clock),
        OrphanSweep(db, settings),
        LaneSweep(queue, settings),
        Promoter(db, queue, settings),
        PaceKeeper(db, queue, settings, clock),
        Expiry(db, queue, settings),
        Readmission(db, queue),
        Resolver(db, queue, runtime.providers, runtime.book, settings, clock),
        StallWatch(db, runtime.providers, runtime.book, settings, clock),
        in_turn(db, CheckSweep(db, settings)),
        in_turn(db, MediaSweep(db, runtime.files, clock)),
        Watch(db, runtime.providers, runtime.book, settings, clock),
        Canary(db, runtime.submit, settings, clock),
        in_turn(db, WebhookKeeper(db, runtime.providers, runtime.book, clock)),
        Mender(db, queue, runtime.providers, runtime.book, settings, clock),
        in_turn(db, LimitsWatch(db, runtime.providers), about=asked),
        AccountNotices(db, runtime.channels, settings, clock),
        in_turn(db, TemplateSync(db, runtime.providers), about=asked),
        ConversationFollower(db, settings, clock),
        FanOut(db, clock),
        Courier(db, runtime.post, settings, clock),
        HookSweep(db, clock),
        in_turn(db, EventPrune(db, settings, clock)),
        Messenger(db, runtime.channels, clock),
        ReportPost(db, runtime.channels, runtime.sources, settings, clock),
        TallyFold(db, settings.timezone),
        BackupChore(db, settings, clock),
        Sealer(db),
        in_turn(db, BackupVerification(db, settings, clock, smoke=send_apart)),
        in_turn(db, LogChore(settings, clock)),
        in_turn(db, BaseChore(db, settings, clock)),
        in_turn(db, RetentionChore(settings, clock)),
        EscalationEngine(db, runtime.channels, settings, clock, runtime.heartbeat),
        HandoffKeeper(db, runtime.channels, gather_facts, HandoffAlarm(), settings, clock),
        Evaluator(
            db,
            Look(db, queue, runtime.redis, runtime.book, settings, clock),
            runtime.signals,
            DirectWay(runtime.channels, runtime.redis, clock),
            clock,
        ),
        Routines(playbook_of(runtime)),
    ]


def _backlog(runtime: Runtime) -> list[Loop]:
    """Who tells CloudWatch of the backlog, where anybody asked for it."""
    if (namespace := runtime.settings.metrics_namespace) is None:
        return []
    queue = QueueWatch(runtime.db, runtime.queue, runtime.book, runtime.settings, runtime.clock)
    return [BacklogLine(queue, namespace, runtime.clock)]


def _shipping(runtime: Runtime) -> list[Loop]:
    """Who ships the log. The AWS client takes 0.2 s to import; only who has a bucket waits for that."""
    if runtime.settings.log_dir is None or runtime.settings.logs_bucket is None:
        return []
    return [import_module("anclora.logs").LogShipping(runtime.settings, runtime.clock)]


@contextlib.asynccontextmanager
async def working(runtime: Runtime, roles: Collection[Role]) -> AsyncGenerator[None, None]:
    """Run the loops of these roles for the length of a block."""
    every = Role.ALL in roles
    await runtime.book.refresh()
    wanted = WantedKeeper(runtime.db)
    loops: list[Loop] = [
        Timekeeper(runtime.db, runtime.clock),
        BookKeeper(runtime.book, runtime.clock),
        wanted,
        runtime.pulse,
        *_shipping(runtime),
    ]
    if every or Role.API in roles:
        loops += [runtime.feeder, runtime.applier, runtime.ear, runtime.drift]
    if every or Role.WORK in roles:
        loops += work_loops(runtime) + _backlog(runtime)
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(WANTED.forget)
        await wanted.run_once()
        await stack.enter_async_context(running(loops, stop_timeout_seconds=_STOP_SECONDS))
        if every or Role.DISPATCH in roles:
            await stack.enter_async_context(dispatching(runtime))
        if Role.WORK in roles:  # with all roles the dispatcher's sign of life is the process's
            await stack.enter_async_context(_alive(runtime, Role.WORK))
        yield


@contextlib.asynccontextmanager
async def _alive(runtime: Runtime, role: Role) -> AsyncGenerator[None, None]:
    """Give a sign of life for the length of a block, so that who is gone is missed."""
    worker = Worker(runtime.db, runtime.settings, runtime.clock, role=role.value)
    await worker.run_once()
    async with running([worker], stop_timeout_seconds=_STOP_SECONDS):
        yield
    await _retire(worker)


async def _retire(worker: Worker) -> None:
    try:
        await worker.retire()
    except UnavailableError as error:
        log.warning("worker_not_retired", error=error.detail)


@contextlib.asynccontextmanager
async def dispatching(runtime: Runtime) -> AsyncGenerator[Dispatcher, None]:
    """Send for the length of a block; at its end what was posted may finish, the rest is given back.

    Order of stop: no new claims, requests end (within `drain_seconds`), results reach the ledger, the worker retires.
    The heartbeat goes on until the last result is stored, since the lease covers it.
    """
    settings = runtime.settings
    worker = Worker(runtime.db, settings, runtime.clock, role=Role.DISPATCH.value)
    dispatcher = Dispatcher(
        runtime.db, runtime.queue, runtime.providers, runtime.book, settings, runtime.clock, worker, runtime.files
    )
    runtime.queue.set_epoch(await current_epoch(runtime.db))
    dispatcher.results.served_until = await worker.last_served()
    await worker.run_once()
    await dispatcher.quiet.run_once()
    keeping: list[Loop] = [
        worker,
        Extender(dispatcher, settings),
        dispatcher.quiet,
        dispatcher.retries,
        dispatcher.results,
    ]
    async with running(keeping, stop_timeout_seconds=_STOP_SECONDS):
        async with running([dispatcher], stop_timeout_seconds=_STOP_SECONDS):
            yield dispatcher
        await dispatcher.drain(settings.drain_seconds)
        await _flush(dispatcher)
    await _retire(worker)


async def _flush(dispatcher: Dispatcher) -> None:
    try:
        async with asyncio.timeout(_FLUSH_SECONDS):
            await dispatcher.results.flushed()
    except TimeoutError:
        log.exception("results_left_behind", count=dispatcher.in_flight)
