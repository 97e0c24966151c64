"""Image and compose file: closed as promised, what they name is there, and they stop slower than the product drains."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from anclora import runtime, workers
from anclora.cli import serve
from anclora.kit.settings import Settings, env_name
from tests import compose
from tests.conftest import needs

ROOT = compose.ROOT
SERVICES: dict[str, Any] = compose.filled(compose.secrets())["services"]
# It writes its migrations beside its program when it starts.
OPEN = {"evolution"}
ORDERED = {*compose.ROLES, "postgres", "redis", "evolution", "prometheus", "alertmanager", "grafana"}
MADE_BY_HAND = ("deploy/compose/secrets/anclora-key", "deploy/compose/secrets/anclora-slack-url")


def mounts(name: str) -> dict[str, str]:
    """Path in the container -> what is mounted there."""
    parts = [volume.split(":") for volume in SERVICES[name].get("volumes", [])]
    return {part[1]: part[0] for part in parts}


def test_everything_that_was_ordered_is_a_service() -> None:
    assert set(SERVICES) >= ORDERED


@pytest.mark.parametrize("name", sorted(set(SERVICES) - OPEN))
def test_a_service_has_a_read_only_root_no_rights_and_an_exact_version(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    tag = service["image"].rpartition(":")[2]
    assert name in compose.OWN or re.search(r"\d+\.\d+", tag)


def test_evolution_is_the_version_whose_answers_are_recorded() -> None:
    assert SERVICES["evolution"]["image"].endswith(":v2.3.7")
    assert (ROOT / "tests" / "contract" / "evolution-2.3.7").is_dir()


def test_nothing_is_published_beyond_this_machine() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert len(ports) == 4
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_every_file_that_is_mounted_is_in_the_clone_and_mounted_read_only() -> None:
    for name, service in SERVICES.items():
        for volume in service.get("volumes", []):
            source, *rest = volume.split(":")
            if source.startswith("./") and source[2:] not in MADE_BY_HAND:
                assert (ROOT / source).exists(), (name, source)
            if source.startswith((".", "/")):
                assert rest[1].startswith("ro"), (name, volume)


def test_every_volume_is_declared_and_used() -> None:
    used = {source for name in SERVICES for source in mounts(name).values() if source[0] not in "./"}
    assert used == set(compose.raw()["volumes"])


def test_every_variable_of_ours_is_a_setting() -> None:
    known = {env_name(field) for field in Settings.model_fields} | {"ANCLORA_ENV_FILE"}
    named = {*compose.image_environment(), *(key for name in compose.OWN for key in SERVICES[name]["environment"])}
    assert named - known == {"PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}


def test_grafana_gets_every_variable_its_sources_name_and_the_boards_where_it_looks() -> None:
    folder = ROOT / "deploy" / "grafana" / "provisioning"
    named = set(re.findall(r"\$([A-Z_]+)", (folder / "datasources" / "anclora.yml").read_text(encoding="utf-8")))
    assert named <= set(SERVICES["grafana"]["environment"])
    boards = yaml.safe_load((folder / "dashboards" / "anclora.yml").read_text(encoding="utf-8"))
    [provider] = boards["providers"]
    assert mounts("grafana")[provider["options"]["path"]] == "./deploy/grafana/dashboards"
    assert mounts("grafana")["/etc/grafana/provisioning"] == "./deploy/grafana/provisioning"


def test_the_image_is_not_root_and_holds_nothing_but_what_it_is_built_from() -> None:
    [user] = [rest for word, rest in compose.instructions() if word == "USER"]
    assert user == "10001:10001"
    stages = [line for line in compose.IMAGE.read_text(encoding="utf-8").splitlines() if line.startswith("FROM")]
    assert all(re.search(r":\d+\.\d+\.\d+", stage) for stage in stages)
    assert len(stages) == 3
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert [line for line in ignore if line and line[0] not in "#!"] == ["*", "**/__pycache__"]
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", compose.IMAGE.read_text(encoding="utf-8"), re.MULTILINE)
    sources = {source for line in copied for source in line.split()}
    assert sources == {line[1:] for line in ignore if line.startswith("!")}
    assert [source for source in sources if not (ROOT / source).exists()] == []


def test_the_redis_that_proves_backups_is_the_one_they_come_from() -> None:
    image = SERVICES["redis"]["image"]
    assert f"FROM {image} AS redis" in compose.IMAGE.read_text(encoding="utf-8")


def test_the_longest_drain_is_shorter_than_what_compose_waits_and_than_110_seconds() -> None:
    drain = float(SERVICES["dispatch"]["environment"]["ANCLORA_DRAIN_SECONDS"])
    notice = Settings.model_fields["notice_seconds"].default
    loops = 3 * workers._STOP_SECONDS  # of the process, the dispatcher, and what it keeps
    longest = notice + serve._HTTP_STOP_SECONDS + drain + workers._FLUSH_SECONDS + loops + runtime._CLOSE_SECONDS
    assert longest < 110
    assert [compose.seconds(SERVICES[role]["stop_grace_period"]) for role in compose.ROLES] == [110, 110, 110]


def test_prometheus_watches_the_jobs_of_the_example_at_services_that_answer_there() -> None:
    example = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.example.yml").read_text(encoding="utf-8"))
    ours = yaml.safe_load((ROOT / "deploy/compose/prometheus.yml").read_text(encoding="utf-8"))
    ports: dict[str, set[str]] = {}
    for config in (example, ours):
        for job in config["scrape_configs"]:
            targets = job["static_configs"][0]["targets"]
            ports.setdefault(job["job_name"], set()).update(target.rpartition(":")[2] for target in targets)
            if config is ours:
                assert {target.rpartition(":")[0] for target in targets} <= set(SERVICES)
    assert {job: len(found) for job, found in ports.items()} == dict.fromkeys(ports, 1)
    assert set(ports) == {job["job_name"] for job in ours["scrape_configs"]}
    [anclora] = [job for job in ours["scrape_configs"] if job["job_name"] == "anclora"]
    assert anclora["static_configs"][0]["targets"] == [f"{role}:8000" for role in compose.ROLES]


def checked(program: str, *words: str) -> subprocess.CompletedProcess[str]:
    needs(program)
    return subprocess.run([program, *words], capture_output=True, text=True, timeout=30, check=False)


def test_promtool_reads_what_prometheus_gets(tmp_path: Path) -> None:
    inside = mounts("prometheus")
    for path, source in inside.items():
        if source.startswith("./"):
            text = (ROOT / source).read_text(encoding="utf-8").replace("/etc/prometheus", str(tmp_path))
            (tmp_path / Path(path).name).write_text(text)
    done = checked("promtool", "check", "config", str(tmp_path / "prometheus.yml"))
    assert done.returncode == 0, done.stderr
    assert "anclora-rules.yml" in done.stdout


def test_amtool_reads_what_alertmanager_gets_and_its_key_is_mounted() -> None:
    file = ROOT / "deploy/compose/alertmanager.yml"
    done = checked("amtool", "check-config", str(file))
    assert done.returncode == 0, done.stderr
    text = file.read_text(encoding="utf-8")
    assert set(re.findall(r'"(/etc/prometheus/[\w-]+)"', text)) <= set(mounts("alertmanager"))
    assert set(re.findall(r"http://(\w+):8000/", text)) == {"api"}
