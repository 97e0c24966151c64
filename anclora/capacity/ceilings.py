"""The five ceilings, and which of them binds. Pure."""

from collections.abc import Sequence

from anclora.capacity.model import Bench, Ceiling, Effective, Known, Load, Name, Sender

DAY_SECONDS = 86_400.0


def ceilings_of(bench: Bench, load: Load) -> tuple[Ceiling, ...]:
    """Workers, Redis, Postgres, the gateway and the numbers, in this order."""
    from_bench = f"{bench.path} at {(bench.commit or '')[:12]}"
    unsaid = bench.lacks or f"{bench.path} has no such figure"
    return (
        _workers(bench, load, from_bench),
        _one("redis", bench.redis_per_second, f"one core, {from_bench}", unsaid),
        _one("postgres", bench.postgres_per_second, f"one core, {from_bench}", unsaid),
        _one("gateway", bench.gateway_per_second, from_bench, bench.lacks or "no load test of the provider's host"),
        _senders(load),
    )


def effective_of(ceilings: Sequence[Ceiling]) -> Effective:
    """The lowest of those that are known."""
    known = [each for each in ceilings if each.per_second is not None]
    lowest = min(known, key=lambda each: each.per_second or 0.0, default=None)
    return Effective(
        per_second=lowest.per_second if lowest else None,
        binds=lowest.name if lowest else None,
        unmeasured=tuple(each.name for each in ceilings if each.known == "not measured"),
    )


def pace_of(sender: Sender, answer_seconds: float | None) -> float | None:
    """Messages a second of one number: its pace, or what its open requests let through; None = no limit."""
    paces = [sender.per_second] if sender.per_second else []
    if sender.at_once and answer_seconds:
        paces.append(sender.at_once / answer_seconds)
    return min(paces, default=None)


def per_day_of(senders: Sequence[Sender]) -> int | None:
    """What all may send in 24 hours; None = at least one has no such limit."""
    return None if any(not each.per_day for each in senders) else sum(each.per_day for each in senders)


def _workers(bench: Bench, load: Load, from_bench: str) -> Ceiling:
    """What the bench measured of one process and a second one; or, if lower, their open requests (Little's law)."""
    if not load.workers:
        return Ceiling(name="workers", per_second=0.0, known="measured", why="no dispatch process runs")
    rates: list[tuple[float, str]] = []
    one, share = bench.worker_per_second, bench.second_share
    if one is not None and (load.workers == 1 or share is not None):
        rates.append((one * (1 + (load.workers - 1) * (share or 0.0)), from_bench))
    if load.answer_seconds:
        open_at_once = load.workers * load.connections
        words = f"{open_at_once} open requests, answers take {load.answer_seconds * 1000:.0f} ms"
        rates.append((open_at_once / load.answer_seconds, words))
    if one is None or not rates:
        why = bench.lacks or f"{bench.path} has no figure for {load.workers} processes"
        return Ceiling(name="workers", per_second=None, known="not measured", why=why)
    rate, why = min(rates)
    return Ceiling(
        name="workers", per_second=rate, known="measured", why=f"{_counted(load.workers, 'process', 'es')}: {why}"
    )


def _one(name: Name, per_second: float | None, why: str, unsaid: str) -> Ceiling:
    known: Known = "not measured" if per_second is None else "measured"
    return Ceiling(name=name, per_second=per_second, known=known, why=unsaid if per_second is None else why)


def _senders(load: Load) -> Ceiling:
    """The sum of what the numbers may; one without limit makes it one."""
    away = f", {load.away} not connected" if load.away else ""
    if not load.senders:
        return Ceiling(name="senders", per_second=0.0, known="set", why=f"no number is connected{away}")
    paces = [pace_of(each, load.answer_seconds) for each in load.senders]
    free = sum(pace is None for pace in paces)
    words = f"{_counted(len(load.senders), 'number', 's')}{away}"
    if free:
        return Ceiling(name="senders", per_second=None, known="no limit", why=f"{words}, {free} without limit")
    day = per_day_of(load.senders)
    words += f"; together {day:,} in 24 h" if day is not None else ""
    return Ceiling(name="senders", per_second=sum(pace or 0.0 for pace in paces), known="set", why=words)


def _counted(count: int, word: str, many: str) -> str:
    return f"{count} {word}{'' if count == 1 else many}"
