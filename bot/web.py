"""The web server: the page's routes, health, metrics and webhooks, on one port."""

import errno
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from agents.domain.errors import OperatorNeeded

log = logging.getLogger(__name__)

Webhook = Callable[[Mapping[str, str], bytes], Awaitable[int]]
"""Takes headers and body, answers the HTTP status."""

BODY_LIMIT = 256 * 1024  # bytes; an update of a chat platform is far smaller
STOP_SECONDS = 1.0


class WebServer:
    """`health` answers (able to work, a mapping of part to what is said of it)."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        routes: Sequence[web.AbstractRouteDef] = (),
        webhooks: Mapping[str, Webhook] | None = None,
        health: Callable[[], tuple[bool, Mapping[str, Any]]],
        metrics: Callable[[], bytes],
    ) -> None:
        self._host = host
        self._port = port
        self._health = health
        self._metrics = metrics
        self._app = web.Application(client_max_size=BODY_LIMIT, middlewares=[_plain_faults])
        self._app.add_routes(routes)
        self._app.add_routes([web.get("/health", self._say_health)])
        self._app.add_routes([web.get("/metrics", self._say_metrics)])
        for path, webhook in (webhooks or {}).items():
            self._app.add_routes([web.post(path, _hooked(webhook))])
        self._app.on_response_prepare.append(_unnamed)
        self._runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=STOP_SECONDS)

    @property
    def address(self) -> str:
        """`http://HOST:PORT` with the port that was really taken."""
        port = self._runner.addresses[0][1] if self._runner.addresses else self._port
        shown = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{shown}:{port}"

    async def start(self) -> None:
        """Raises OperatorNeeded when the port can't be had."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise OperatorNeeded(_port_fault(error, self._host, self._port)) from None

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _say_health(self, request: web.Request) -> web.Response:
        able, parts = self._health()
        body = {"status": "ok" if able else "degraded", **parts}
        return web.json_response(body, status=200 if able else 503)

    async def _say_metrics(self, request: web.Request) -> web.Response:
        return web.Response(
            body=self._metrics(), headers={"Content-Type": "text/plain; version=0.0.4"}
        )


def _port_fault(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is taken. Stop what uses it, or set PORT to another one."
    return f"Can't listen on {host}:{port} ({error.strerror}). Check PARLEY_HOST and PORT."


def _hooked(webhook: Webhook) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        return web.Response(status=await webhook(headers, await request.read()))

    return handle


async def _unnamed(request: web.Request, response: web.StreamResponse) -> None:
    """Don't tell which server this is."""
    response.headers["Server"] = "parley"


@web.middleware
async def _plain_faults(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """A fault of ours is a logged one and a plain answer, never a trace."""
    try:
        return await handler(request)
    except web.HTTPException:
        raise
    except Exception:
        resource = request.match_info.route.resource  # without what stands in it: secrets do
        path = resource.canonical if resource else "unknown"
        log.exception("A web request failed.", extra={"path": path})
        return web.Response(status=500, text="Something went wrong here; it has been logged.\n")
