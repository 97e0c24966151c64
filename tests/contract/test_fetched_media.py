"""Files people sent, where a provider's own ways differ: recorded refusals, foreign addresses, files that changed."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from recordings import answered, folder

from anclora.kit.clock import SystemClock
from anclora.kit.errors import AncloraError, NotFoundError, UnavailableError
from anclora.kit.wire import Answer
from anclora.providers.cloud import CloudProvider
from anclora.providers.evolution import media
from anclora.providers.sandbox.graph import Graph, running_graph
from anclora.providers.sandbox.graph_script import GraphScript

NUMBER = "109876543210001"


@pytest.fixture
async def graph(tmp_path: Path) -> AsyncGenerator[Graph, None]:
    async with running_graph(GraphScript(), tmp_path / "witness.jsonl") as running:
        yield running


@pytest.fixture
async def cloud(graph: Graph) -> AsyncGenerator[CloudProvider, None]:
    script = graph.world.script
    made = CloudProvider(graph.url, script.token, account=script.account, verify_token="v", clock=SystemClock())
    yield made
    await made.close()


async def refusal(cloud: CloudProvider, ref: str) -> AncloraError:
    with pytest.raises(AncloraError) as caught:
        await cloud.fetch_media(NUMBER, ref, limit_bytes=1_000)
    return caught.value


async def test_the_token_goes_to_metas_addresses_only(graph: Graph, cloud: CloudProvider) -> None:
    ref = graph.world.receive_file(NUMBER, "34600111222", b"\xff\xd8\xffbytes", "image/jpeg")
    for url in ("http://lookaside.fbsbx.com/x", "https://fbsbx.com.example.org/x", "https://evilfbsbx.com/x"):
        graph.world.file_urls[ref] = url
        assert (await refusal(cloud, ref)).code == "media_elsewhere"


async def test_a_file_that_is_not_the_one_named_is_refused(graph: Graph, cloud: CloudProvider) -> None:
    ref = graph.world.receive_file(NUMBER, "34600111222", b"\xff\xd8\xffbytes", "image/jpeg")
    other = graph.world.receive_file(NUMBER, "34600111222", b"\xff\xd8\xffother", "image/jpeg")
    graph.world.file_urls[ref] = f"{graph.url.rpartition('/')[0]}/files/{other}"
    error = await refusal(cloud, ref)
    assert (type(error), error.code) == (UnavailableError, "media_broken")


async def test_an_address_that_ran_out_is_a_file_that_is_gone(graph: Graph, cloud: CloudProvider) -> None:
    ref = graph.world.receive_file(NUMBER, "34600111222", b"\xff\xd8\xffbytes", "image/jpeg")
    graph.world.file_urls[ref] = f"{graph.url.rpartition('/')[0]}/files/1"
    error = await refusal(cloud, ref)
    assert (type(error), error.code) == (NotFoundError, "media_expired")


@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [
        ("052-base64-of-stored-image-undecryptable", UnavailableError, "media_not_reached"),
        ("054-base64-unknown", NotFoundError, "media_expired"),
    ],
)
def test_recorded_refusals_say_what_became_of_the_file(name: str, kind: type[AncloraError], code: str) -> None:
    recorded = json.loads((folder() / "baileys_inbound" / f"{name}.json").read_text())["response"]
    error = media.failure_in(Answer(recorded["status"], answered(recorded), []))
    assert error is not None
    assert (type(error), error.code) == (kind, code)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"null", "media_expired"),
        (b"", "media_expired"),
        (b'{"base64": ""}', "media_expired"),
        (b'{"base64": "@@@"}', "media_broken"),
        (b"<html>", "media_broken"),
        (b'{"base64": "AAAAAAAA"}', "media_too_large"),
    ],
)
def test_an_answer_without_the_file_is_no_file(body: bytes, code: str) -> None:
    with pytest.raises(AncloraError) as caught:
        media.file_in(Answer(201, body, []), 5, "http://evolution")
    assert caught.value.code == code
