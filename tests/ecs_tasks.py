"""Tasks of the ECS stand-in: each a real process, asked for its health, and ended as ECS ends one.

SIGTERM, then `stopTimeout` of its container (30 s unless the definition says otherwise, 120 s at most), then SIGKILL.
Only processes that were started here are ever ended.
"""

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from anclora.cli.home import free_port
from anclora.storage.embedded.process import tied_command

REGION, ACCOUNT = "eu-west-1", "123456789012"
ARN = f"arn:aws:ecs:{REGION}:{ACCOUNT}"
_STOP_SECONDS, _MOST_STOP_SECONDS = 30, 120
_HEALTH = {"interval": 30, "timeout": 5, "retries": 3, "startPeriod": 0}
_LAST_SECONDS = 10.0
# A task that has it never counts as up, however fast or slow the machine is.
NEVER_WELL = {"command": ["CMD", "false"], "interval": 30, "retries": 9_000}


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How fast time goes here.

    Attributes:
        second: how long one second of a task definition lasts (stopTimeout, health checks).
        steady: of these seconds, how many a task without a health check has to run before it counts as up.
        tick: seconds between two looks of the scheduler.
    """

    second: float = 1.0
    steady: float = 1.0
    tick: float = 0.05


class Task:
    """One task of one container, from its start to the end of its process.

    Args:
        cluster: its name.
        service: its name.
        definition: the registered task definition.
        deployment: the id of the deployment that wants it.
        pace: how fast time goes.
        folder: for its log and as its working directory.
    """

    def __init__(
        self, *, cluster: str, service: str, definition: Mapping[str, Any], deployment: str, pace: Pace, folder: Path
    ) -> None:
        self.definition, self.deployment, self.cluster, self.service = definition, deployment, cluster, service
        self.id, self.port = uuid4().hex, free_port()
        self.created_at = datetime.now(UTC)
        self.stopped_at: datetime | None = None
        self.stop_reason = ""
        self.killed = self.failed = False
        self._pace = pace
        self._container: Mapping[str, Any] = definition["containerDefinitions"][0]
        self._folder = folder
        self._began = time.monotonic()
        self._told_to_stop: float | None = None
        self._probe: subprocess.Popen[bytes] | None = None
        self._probe_began = self._began
        self._failures = 0
        self._health = "UNKNOWN"
        self._process = self._run([*self._container.get("entryPoint", ()), *self._container.get("command", ())])

    @property
    def arn(self) -> str:
        """As ECS names it."""
        return f"{ARN}:task/{self.cluster}/{self.id}"

    @property
    def pid(self) -> int:
        """Of its process, which leads a group of its own."""
        return self._process.pid

    @property
    def is_stopped(self) -> bool:
        """Its process is gone."""
        return self.stopped_at is not None

    @property
    def is_wanted(self) -> bool:
        """It runs and was not told to stop."""
        return not self.is_stopped and self._told_to_stop is None

    @property
    def is_unhealthy(self) -> bool:
        """Its health check failed too often."""
        return self._health == "UNHEALTHY"

    @property
    def is_up(self) -> bool:
        """It counts: healthy, or without a health check long enough there."""
        if not self.is_wanted:
            return False
        if "healthCheck" in self._container:
            return self._health == "HEALTHY"
        return time.monotonic() - self._began >= self._pace.steady * self._pace.second

    def stop(self, reason: str, *, failed: bool = False) -> None:
        """SIGTERM; whoever does not end in time is killed by a later `look`."""
        if self.is_wanted:
            self._told_to_stop, self.stop_reason, self.failed = time.monotonic(), reason, failed
            self._signal(signal.SIGTERM)

    def look(self) -> None:
        """What became of it since the last look; never waits."""
        if self.is_stopped:
            return
        if self._process.poll() is not None:
            self.stopped_at = datetime.now(UTC)
            self.failed = self.failed or self._told_to_stop is None
            self.stop_reason = self.stop_reason or "Essential container in task exited"
            self._end_probe()
            self._signal(signal.SIGKILL)  # what it left behind in its own group
        elif self._told_to_stop is None:
            self._ask()
        elif time.monotonic() - self._told_to_stop > self._stop_seconds * self._pace.second and not self.killed:
            self.killed = True
            self._signal(signal.SIGKILL)

    def end(self) -> None:
        """Gone for certain when this returns: the stand-in itself ends."""
        self._end_probe()
        self._signal(signal.SIGKILL)
        self._process.wait(_LAST_SECONDS)

    def shown(self) -> dict[str, Any]:
        """As DescribeTasks answers."""
        status = "STOPPED" if self.is_stopped else "RUNNING" if self.is_wanted else "STOPPING"
        container: dict[str, Any] = {
            "containerArn": f"{ARN}:container/{self.cluster}/{self.id}/0",
            "taskArn": self.arn,
            "name": self._container["name"],
            "image": self._container["image"],
            "imageDigest": digest_of(self._container["image"]),
            "lastStatus": status,
            "healthStatus": self._health,
            "networkBindings": [{"bindIP": "127.0.0.1", "containerPort": self.port, "hostPort": self.port}],
        }
        shown: dict[str, Any] = {
            "taskArn": self.arn,
            "clusterArn": f"{ARN}:cluster/{self.cluster}",
            "taskDefinitionArn": self.definition["taskDefinitionArn"],
            "group": f"service:{self.service}",
            "startedBy": self.deployment,
            "lastStatus": status,
            "desiredStatus": "RUNNING" if self.is_wanted else "STOPPED",
            "healthStatus": self._health,
            "createdAt": self.created_at.timestamp(),
            "startedAt": self.created_at.timestamp(),
            "containers": [container],
        }
        if self.is_stopped and self.stopped_at is not None:
            code = self._process.returncode
            container["exitCode"] = code if code >= 0 else 128 - code
            shown["stoppedAt"] = self.stopped_at.timestamp()
        return shown | ({"stoppedReason": self.stop_reason} if self.stop_reason else {})

    @property
    def _stop_seconds(self) -> int:
        return min(int(self._container.get("stopTimeout", _STOP_SECONDS)), _MOST_STOP_SECONDS)

    def _ask(self) -> None:
        """Start a health check, or look at the one that runs."""
        if "healthCheck" not in self._container:
            return
        check = _HEALTH | self._container["healthCheck"]
        now, second = time.monotonic(), self._pace.second
        if self._probe is None:
            if self._health == "UNKNOWN" or now - self._probe_began >= check["interval"] * second:
                kind, *words = check["command"]
                self._probe_began = now
                self._probe = self._run(["/bin/sh", "-c", *words] if kind == "CMD-SHELL" else words)
            return
        code = self._probe.poll()
        if code is None and now - self._probe_began < max(check["timeout"] * second, self._pace.tick):
            return
        self._end_probe()
        if code == 0:
            self._failures, self._health = 0, "HEALTHY"
        elif now - self._began >= check["startPeriod"] * second:
            self._failures += 1
            self._health = "UNHEALTHY" if self._failures >= check["retries"] else self._health

    def _end_probe(self) -> None:
        if self._probe is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._probe.pid, signal.SIGKILL)
            self._probe.wait(_LAST_SECONDS)
            self._probe = None

    def _run(self, words: list[str]) -> subprocess.Popen[bytes]:
        program = shutil.which(words[0]) or words[0]
        given = {each["name"]: each["value"] for each in self._container.get("environment", ())}
        with (self._folder / f"{self.id}.log").open("ab") as log:
            return subprocess.Popen(
                tied_command([program, *words[1:]], end_signal=signal.SIGKILL),
                env={"PATH": os.environ["PATH"], **given, "PORT": str(self.port)},
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


def digest_of(image: str) -> str:
    """The digest an image is named by; of one with a tag, a digest made from its name."""
    _, _, digest = image.partition("@")
    return digest or f"sha256:{hashlib.sha256(image.encode()).hexdigest()}"
