"""A strict loopback Messages API: what it is told to answer, it answers to the real client."""

import json
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

KEY = "sk-test-0123456789"


@dataclass
class ModelServer:
    """Answers queued scripts in order; the last one is repeated. Keeps every request. Keys that
    contain KEY are taken."""

    scripts: deque[Mapping[str, Any]] = field(default_factory=deque)
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)  # that were shown, right or wrong
    address: str = ""

    def answer(self, content: Any, **usage: int) -> None:
        """Queue a message whose text is `content` (JSON unless it is text already)."""
        self.scripts.append({"content": content, "usage": usage})

    def truncated(self, content: str) -> None:
        self.scripts.append({"content": content, "stop_reason": "max_tokens", "usage": {}})

    def refusal(self) -> None:
        self.scripts.append({"content": "", "stop_reason": "refusal", "usage": {}})

    def fault(self, status: int, kind: str = "api_error") -> None:
        """Queue an error as the API reports it: 429 rate_limit_error, 529 overloaded_error ..."""
        self.scripts.append({"status": status, "kind": kind})

    async def messages(self, request: web.Request) -> web.Response:
        keys = (request.headers.get("x-api-key"), request.headers.get("authorization"))
        self.keys.append((keys[0] or keys[1] or "").removeprefix("Bearer "))
        if not any(key and KEY in key for key in keys):
            return _error(401, "authentication_error", "invalid x-api-key")
        body = await request.json()
        if complaint := _complaint(body):
            return _error(400, "invalid_request_error", complaint)
        self.requests.append(body)
        script = self.scripts.popleft() if len(self.scripts) > 1 else self.scripts[0]
        if "status" in script:
            return _error(script["status"], script["kind"], "as scripted")
        return web.json_response(_message(body["model"], script))


def _complaint(body: Mapping[str, Any]) -> str:
    """What the API would refuse in a request of ours; empty when nothing."""
    if any(name in body for name in ("temperature", "top_p", "top_k")):
        return "sampling parameters are not accepted by this model"
    if not isinstance(body.get("max_tokens"), int) or not body.get("messages"):
        return "max_tokens and messages are required"
    shape = body.get("output_config", {}).get("format", {}).get("schema")
    if shape is not None and shape.get("additionalProperties") is not False:
        return "an output schema must forbid additional properties"
    return ""


def _message(model: str, script: Mapping[str, Any]) -> dict[str, Any]:
    content = script["content"]
    words = content if isinstance(content, str) else json.dumps(content)
    usage = {"input_tokens": 900, "output_tokens": 120, **script["usage"]}
    return {
        "id": "msg_loopback",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": words}],
        "stop_reason": script.get("stop_reason", "end_turn"),
        "stop_sequence": None,
        "usage": usage,
    }


def _error(status: int, kind: str, message: str) -> web.Response:
    body = {"type": "error", "error": {"type": kind, "message": message}}
    return web.json_response(body, status=status)


@asynccontextmanager
async def model_server() -> AsyncIterator[ModelServer]:
    """A running server on loopback."""
    server = ModelServer()
    app = web.Application()
    app.router.add_post("/v1/messages", server.messages)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    server.address = f"http://127.0.0.1:{port}"
    try:
        yield server
    finally:
        await runner.cleanup()
