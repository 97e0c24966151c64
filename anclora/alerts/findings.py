"""What one look finds. Pure: what is so now, without patience; the thresholds are those of the catalogue's rules."""

from collections.abc import Iterator
from datetime import datetime

from anclora.alerts.catalogue import BLIND, find
from anclora.alerts.facts import Facts, Lanes, Ledger, RedisState
from anclora.alerts.rules import Finding, Judged

BACKLOG, BACKLOG_CRITICAL = 1_000, 5_000
DRAIN_SECONDS, DRAIN_LEAST = 900.0, 20
OLDEST_SECONDS = 300.0
UNKNOWN_SECONDS, UNAPPLIED_SECONDS = 1_200.0, 120.0
DEAD, UNACKNOWLEDGED, SENT = 10, 20, 10
ERROR_SHARE, ERROR_SAMPLES = 0.1, 20
FULL_REDIS, FREE_DISK = 0.85, 0.05
SKEW_SECONDS, WATCHDOG_SECONDS = 2.0, 600.0


def judge(facts: Facts, now: datetime) -> Judged:
    """What is so by this look, and what it cannot say."""
    findings: list[Finding] = []
    unseen: set[str] = set()
    if facts.ledger:
        findings += _of_ledger(facts.ledger)
    else:
        unseen |= set(_BY_LEDGER)
    if facts.lanes:
        findings += _of_lanes(facts.lanes)
    else:
        unseen |= set(_BY_LANES)
    if facts.redis:
        findings += _of_redis(facts.redis, facts)
    else:
        findings.append(_found("AncloraRedisDown"))
        unseen |= set(_BY_REDIS)
    if facts.numbers is None:
        unseen.add("AncloraEvolutionInstanceDisconnected")
    else:
        gone = [name for name, flows in sorted(facts.numbers.items()) if not flows]
        findings += [_number_found(name) for name in gone]
    findings += _of_machine(facts)
    if facts.machine is None:
        unseen |= {"AncloraDiskAlmostFull", "AncloraClockSkew"}
    if facts.watchdog_at and (silent := (now - facts.watchdog_at).total_seconds()) > WATCHDOG_SECONDS:
        findings.append(_found("AncloraWatchdogSilent", f"Prometheus has been silent for {spoken(silent)}"))
    if unseen and not any(each.name in ("AncloraRedisDown", "AncloraPostgresDown") for each in findings):
        findings.append(_found(BLIND.name, f"We cannot see {', '.join(sorted(unseen))}"[:500]))
    return Judged(findings=findings, unseen=frozenset(unseen))


_BY_LEDGER = (
    "AncloraNoWorkers",
    "AncloraStuckInFlight",
    "AncloraUnknownOutcomeOld",
    "AncloraDLQGrowing",
    "AncloraWebhooksUnapplied",
    "AncloraWebhooksSilent",
    "AncloraErrorRateHigh",
    "AncloraDuplicateSendDetected",
    "AncloraMessagesStalled",
)
_BY_LANES = (
    "AncloraQueueBacklogWarning",
    "AncloraQueueBacklogCritical",
    "AncloraQueueNotDraining",
    "AncloraOldestMessageTooOld",
)
_BY_REDIS = (
    "AncloraRedisMemoryHigh",
    "AncloraRedisPersistenceFailing",
    "AncloraRedisEvicting",
    "AncloraRedisRestarted",
)
KNOWN = frozenset(
    (*_BY_LEDGER, *_BY_LANES, *_BY_REDIS, "AncloraRedisDown", "AncloraPostgresDown", "AncloraDiskAlmostFull")
) | {"AncloraClockSkew", "AncloraEvolutionInstanceDisconnected", "AncloraWatchdogSilent"}
"""The alerts that are evaluated without Prometheus."""


def _found(name: str, summary: str | None = None, level: float = 0.0, **labels: str) -> Finding:
    return Finding(name=name, summary=summary or find(name).summary, labels=labels, level=level)


def _of_ledger(seen: Ledger) -> Iterator[Finding]:
    if not seen.workers:
        yield _found("AncloraNoWorkers")
    if seen.stuck:
        yield _found("AncloraStuckInFlight", f"{seen.stuck} messages are marked as being sent by a worker that is gone")
    if seen.unknown_seconds > UNKNOWN_SECONDS:
        since = spoken(seen.unknown_seconds)
        yield _found("AncloraUnknownOutcomeOld", f"Nobody has found out for {since} whether a message went out")
    if seen.died > DEAD:
        yield _found("AncloraDLQGrowing", f"{seen.died} messages were given up within 15 minutes")
    if seen.unapplied_seconds > UNAPPLIED_SECONDS:
        since = spoken(seen.unapplied_seconds)
        yield _found("AncloraWebhooksUnapplied", f"A stored webhook has been waiting {since} to be read")
    yield from _of_sending(seen)


def _of_sending(seen: Ledger) -> Iterator[Finding]:
    if seen.sent > SENT and not seen.heard:
        yield _found("AncloraWebhooksSilent")
    if seen.samples >= ERROR_SAMPLES and seen.bad / seen.samples > ERROR_SHARE:
        share = f"{seen.bad / seen.samples:.0%} of the attempts of the last 5 minutes failed"
        yield _found("AncloraErrorRateHigh", f"{share} for our own or the provider's fault")
    if seen.doubles:
        yield _found("AncloraDuplicateSendDetected")
    for name, count in sorted(seen.unacknowledged.items()):
        if count > UNACKNOWLEDGED:
            words = f"{count} messages of {name} were taken by the provider and never acknowledged by WhatsApp"
            yield _found("AncloraMessagesStalled", words, instance_name=name)


def _of_lanes(seen: Lanes) -> Iterator[Finding]:
    if seen.waiting > BACKLOG:
        yield _found("AncloraQueueBacklogWarning", f"{seen.waiting:,} messages lack only a free worker")
    if seen.waiting > BACKLOG_CRITICAL:
        yield _found("AncloraQueueBacklogCritical", f"{seen.waiting:,} messages lack only a free worker")
    drain = seen.waiting / max(seen.throughput, 0.001)
    if seen.waiting >= DRAIN_LEAST and drain > DRAIN_SECONDS:
        needs = f"What waits needs {spoken(drain)}" if seen.throughput else f"{seen.waiting:,} wait and nothing leaves"
        yield _found("AncloraQueueNotDraining", f"{needs}, and it is not getting less", level=float(seen.waiting))
    for name, seconds in sorted(seen.oldest_seconds.items()):
        if seconds > OLDEST_SECONDS:
            words = f"A message in {name} could have left {spoken(seconds)} ago"
            yield _found("AncloraOldestMessageTooOld", words, queue=name)


def _of_redis(seen: RedisState, before: Facts) -> Iterator[Finding]:
    if seen.fullest > FULL_REDIS:
        yield _found("AncloraRedisMemoryHigh", f"Redis uses {seen.fullest:.0%} of its memory")
    if not seen.keeps:
        yield _found("AncloraRedisPersistenceFailing")
    if before.evicted_before is not None and seen.evicted > before.evicted_before:
        yield _found("AncloraRedisEvicting")
    if before.redis_before_seconds is not None and seen.uptime_seconds < before.redis_before_seconds:
        yield _found("AncloraRedisRestarted")


def _of_machine(facts: Facts) -> Iterator[Finding]:
    seen = facts.machine
    if seen and seen.free < FREE_DISK:
        words = f"Only {seen.free:.1%} of the disk {seen.place} of {seen.host} is free"
        yield _found("AncloraDiskAlmostFull", words, instance=seen.host, place=seen.place)
    if seen and abs(seen.off_seconds) > SKEW_SECONDS:
        words = f"The clock of {seen.host} is {abs(seen.off_seconds):.1f} s off the database's"
        yield _found("AncloraClockSkew", words, instance=seen.host)


def _number_found(name: str) -> Finding:
    words = f"Messages have not flowed through the number {name} for 3 minutes"
    return _found("AncloraEvolutionInstanceDisconnected", words, instance_name=name)


def spoken(seconds: float) -> str:
    """A span as people say it: `45 s`, `12 min`, `3 h`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7_200 else f"{seconds / 3_600:.0f} h"
