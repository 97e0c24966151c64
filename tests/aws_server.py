"""S3 on a loopback socket: moto's server in this process, and what the AWS client needs to find it."""

import contextlib
import urllib.request
from collections.abc import Generator
from typing import Any

import pytest
from boto3.session import Session
from moto.server import ThreadedMotoServer

BUCKET = "anclora-test"
_KEYS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
}


def point_to(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let clients of AWS go there, and nowhere else."""
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("AWS_REGION", raising=False)
    for name, value in {**_KEYS, "AWS_ENDPOINT_URL": url}.items():
        monkeypatch.setenv(name, value)


@contextlib.contextmanager
def aws_server() -> Generator[str, None, None]:
    """Its address, for the length of a block; empty at first, for moto's stores outlive its servers."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        with urllib.request.urlopen(f"http://{host}:{port}/moto-api/reset", data=b"", timeout=30):
            pass
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def s3() -> Any:
    """A client of our own, to look at what lies there."""
    return Session().client("s3")
