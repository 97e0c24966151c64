"""The scripts of staging and production, run as they stand, against a stand-in of AWS's registry."""

import contextlib
import hashlib
import json
import os
import subprocess
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import yaml
from boto3.session import Session

from tests.aws_server import aws_server, point_to
from tests.compose import ROOT
from tests.conftest import needs

MANIFEST: dict[str, Any] = {
    "schemaVersion": 2,
    "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
    "config": {
        "mediaType": "application/vnd.docker.container.image.v1+json",
        "size": 7,
        "digest": "sha256:" + "a" * 64,
    },
    "layers": [],
}
# Takes the place of Docker: says what it was asked, and pushes what it was given.
DOCKER = """#!/bin/sh
echo "$*" >> "$ASKED"
case "$1" in
login) cat > /dev/null ;;
buildx)
  digest=sha256:$(printf %s "$MANIFEST" | sha256sum | cut -d" " -f1)
  aws ecr put-image --repository-name "$REPOSITORY" --image-tag "$TAG" --image-digest "$digest" \\
    --image-manifest "$MANIFEST" > /dev/null
  ;;
esac
"""


def script(flow: str, job: str) -> str:
    """What makes the image or its tag: the step before it is rolled out."""
    flows = yaml.safe_load((ROOT / ".github/workflows" / f"{flow}.yml").read_text(encoding="utf-8"))
    return flows["jobs"][job]["steps"][-2]["run"]


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Generator[Any, None, None]:
    needs("aws")
    needs("jq")
    with aws_server() as url:
        point_to(url, monkeypatch)
        client = Session().client("ecr")
        with contextlib.suppress(client.exceptions.RepositoryAlreadyExistsException):  # the client may ask twice
            client.create_repository(repositoryName="anclora", imageTagMutability="IMMUTABLE")
        yield client


def run(text: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "REPOSITORY": "anclora", "GITHUB_STEP_SUMMARY": str(folder / "summary"), **env}
    environment["GITHUB_OUTPUT"] = str(folder / "output")
    words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", text]
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=50, check=False)


def digests(registry: Any) -> dict[str, str]:
    images = registry.describe_images(repositoryName="anclora")["imageDetails"]
    return {tag: image["imageDigest"] for image in images for tag in image.get("imageTags", [])}


@pytest.mark.timeout(180)
def test_a_release_is_the_digest_that_staging_made_and_is_never_moved(registry: Any, tmp_path: Path) -> None:
    docker = tmp_path / "bin" / "docker"
    docker.parent.mkdir()
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    asked = tmp_path / "asked"
    path = f"{docker.parent}{os.pathsep}{os.environ['PATH']}"

    def stage(commit: str, *layers: object) -> None:
        manifest = MANIFEST | {"layers": layers}
        done = run(
            script("staging", "image"), tmp_path, PATH=path, TAG=f"sha-{commit}", ASKED=str(asked),
            MANIFEST=json.dumps(manifest),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def release(tag: str, commit: str) -> subprocess.CompletedProcess[str]:
        return run(script("production", "promote"), tmp_path, BUILT=f"sha-{commit}", RELEASE=tag)

    stage("one")
    stage("one", MANIFEST["config"])  # a second run of the same commit
    builds = [line for line in asked.read_text().splitlines() if line.startswith("buildx")]
    assert len(builds) == 1
    assert builds[0].endswith("/anclora:sha-one .")

    assert release("v1.0.0", "one").returncode == 0
    found = digests(registry)
    assert found["v1.0.0"] == found["sha-one"]
    assert (tmp_path / "summary").read_text().splitlines()[-1] == f"v1.0.0 is {found['sha-one']}"
    assert {*(tmp_path / "output").read_text().splitlines()} == {f"digest={found['sha-one']}"}

    unknown = release("v1.0.1", "two")
    assert (unknown.returncode, "There is no image sha-two" in unknown.stdout) == (1, True)
    other = json.dumps(MANIFEST | {"layers": [MANIFEST["config"]]})
    registry.put_image(
        repositoryName="anclora",
        imageTag="sha-two",
        imageManifest=other,
        imageDigest=f"sha256:{hashlib.sha256(other.encode()).hexdigest()}",
    )
    moved = release("v1.0.0", "two")
    assert (moved.returncode, "A release is never moved" in moved.stdout) == (1, True)
    assert digests(registry)["v1.0.0"] == found["sha-one"]
