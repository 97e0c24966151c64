"""Commands of the pages that nobody types beside `anclora up`, or that may find something, with their reasons. Pure."""

from collections.abc import Mapping

_REASONS: Mapping[str, tuple[str, ...]] = {
    "it asks the clock daemon of a machine": ("chronyc tracking",),
    "it asks systemd, where that starts our processes": ("systemctl status anclora",),
    "it asks an Alertmanager, which is none of ours": (
        "amtool alert",
        "amtool alert query alertname=AncloraWatchdog --alertmanager.url http://localhost:9093",
    ),
    "it needs a process that stands still, and a tool of its own": ("py-spy dump --pid PID",),
    "it mends a file of a Redis that does not start": ("redis-check-aof --fix",),
    "it reads the whole disk": ("du -xh --max-depth=2 / | sort -h | tail",),
    "it takes minutes; the journeys play each scenario": (
        "anclora drill run monthly",
        "scripts/disaster-recovery/test-dr.sh",
    ),
    "it removes the number the other commands use": ("anclora instances delete NAME",),
    "it waits until a phone has scanned the code": ("anclora instances qr NAME",),
    "it needs people on call, and a shift that ends": (
        "anclora oncall handoff",
        "anclora oncall accept --as NAME",
        'anclora oncall override OTHER --from … --to … --why "ill"',
    ),
    "it wants to be told which: ids, a reason, or all": ("anclora queue dlq requeue", "anclora inbound retry"),
}
_FINDS = ("anclora ops morning",)
UNTRIED: Mapping[str, str] = {
    command: f"not run: `{command}`: {reason}" for reason, commands in _REASONS.items() for command in commands
} | {command: f"may end with 1: `{command}`: it finds what the others left" for command in _FINDS}
"""The comment of each, as it stands in the source of a page."""
