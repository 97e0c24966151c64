"""The peer of the receipts: a bare ASGI app under the same uvicorn, which reads a body and answers 200."""

import sys

import uvicorn
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

_HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"19")]


async def app(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Read all, answer."""
    if scope["type"] != "http":
        return
    more = True
    while more:
        event = await receive()
        more = event["type"] == "http.request" and event["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS, "trailers": False})
    await send({"type": "http.response.body", "body": b'{"status":"stored"}', "more_body": False})


if __name__ == "__main__":
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        lifespan="off",
        access_log=False,
        log_level="error",
    )
