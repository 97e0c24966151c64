"""Strangers, on loopback: a package index and an advisory service that answer from `canned.json`, and AWS by moto."""

import contextlib
import json
import logging
import threading
from collections.abc import Generator, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from boto3.session import Session
from moto.server import ThreadedMotoServer

CANNED: Mapping[str, Any] = json.loads((Path(__file__).parent / "canned.json").read_text())
REGION = "eu-west-1"
KEYS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_PAGER": "",
}
BACKUPS, LOGS, GROUP = "anclora-backups", "anclora-logs", "/ecs/anclora-whatsapp"
LOG_DAYS = (89, 90, 91)
BILL = "1234.56"
_TIMEOUT_SECONDS = 60.0


class _Canned(BaseHTTPRequestHandler):
    """GET: the versions of a package, PEP 691. POST: what is known of it, as OSV answers."""

    def do_GET(self) -> None:
        name = self.path.strip("/").rpartition("/")[2]
        versions = CANNED["index"].get(name, [])
        files = [{"filename": f"{name}-{each}.tar.gz", "url": "gone", "hashes": {}} for each in versions]
        page = {"name": name, "versions": versions, "files": files}
        self._answer(200 if versions else 404, page, "application/vnd.pypi.simple.v1+json")

    def do_POST(self) -> None:
        name = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["package"]["name"]
        hole = CANNED["advisories"].get(name)
        self._answer(200, {"vulns": [hole]} if hole else {}, "application/json")

    def _answer(self, status: int, value: object, kind: str) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class says so
        """Silent."""


@contextlib.contextmanager
def canned_server() -> Generator[str, None, None]:
    """Its address, for the length of a block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Canned)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(_TIMEOUT_SECONDS)


@contextlib.contextmanager
def aws_server(now: datetime) -> Generator[str, None, None]:
    """Its address, for the length of a block, with everything in it that the playbook calls by name."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line for every request is nobody's news
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        _fill(url, now)
        yield url
    finally:
        server.stop()


def client(url: str, name: str) -> Any:
    """A client of our own, to put things there and to look at what became of them."""
    session = Session(KEYS["AWS_ACCESS_KEY_ID"], KEYS["AWS_SECRET_ACCESS_KEY"], region_name=REGION)
    return session.client(name, endpoint_url=url)


def log_keys(url: str) -> list[str]:
    """What lies in the bucket of logs."""
    found = client(url, "s3").list_objects_v2(Bucket=LOGS)
    return sorted(each["Key"] for each in found.get("Contents", ()))


def log_key(now: datetime, days: int) -> str:
    """The key of a log so many days old."""
    return f"{(now.astimezone(UTC) - timedelta(days=days)):%Y-%m-%d}/machine/api.log.gz"


def write_log(url: str, at: datetime, text: str) -> None:
    """A line of the log group."""
    event = {"timestamp": int(at.timestamp() * 1000), "message": text}
    client(url, "logs").put_log_events(logGroupName=GROUP, logStreamName="api", logEvents=[event])


def _fill(url: str, now: datetime) -> None:
    s3, logs = client(url, "s3"), client(url, "logs")
    for bucket in (BACKUPS, LOGS):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    for days in LOG_DAYS:
        s3.put_object(Bucket=LOGS, Key=log_key(now, days), Body=b"{}")
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="api")
    for age, text in ((25, "ERROR of yesterday"), (2, "ERROR one"), (1, "ERROR two"), (1, "all is well")):
        write_log(url, now - timedelta(hours=age), text)
    _bill(url)


def _bill(url: str) -> None:
    """What Cost Explorer will answer: moto gives back what it was told."""
    total = {"BlendedCost": {"Amount": BILL, "Unit": "USD"}}
    result = {"ResultsByTime": [{"Total": total, "Groups": [], "Estimated": False}], "DimensionValueAttributes": []}
    request = Request(  # noqa: S310 - our own loopback address
        f"{url}/moto-api/static/ce/cost-and-usage-results",
        data=json.dumps({"results": [result]}).encode(),
        headers={"Content-Type": "application/json"},
    )
    urlopen(request, timeout=_TIMEOUT_SECONDS).close()  # noqa: S310 - the same
