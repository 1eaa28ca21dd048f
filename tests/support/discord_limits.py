"""How Discord slows a bot down: buckets per route, one limit for all, and 429 with what to wait."""

import re
import time
from collections import deque
from dataclasses import dataclass

from tests.support.discord_rest import Call
from tests.support.discord_rules import ApiError

_BUCKET = 5  # messages, and edits, in a channel within five seconds
_ALL = 50  # calls a second
_MESSAGES = re.compile(r"/channels/(\d+)/messages(/\d+)?")


def too_many(retry_after: float, scope: str) -> ApiError:
    body = {"retry_after": retry_after, "global": scope == "global"}
    return ApiError(429, 0, "You are being rate limited.", **body)


@dataclass
class Flood:
    """The next `times` calls of `method` whose path holds `path` get 429; of interactions' own
    paths only where that is said. `everywhere` is the global flag."""

    retry_after: float
    times: int = 1
    method: str = ""
    path: str = ""
    everywhere: bool = False

    def hits(self, call: Call) -> bool:
        asked = self.path or not call.path.startswith(("/interactions", "/gateway"))
        named = self.method in ("", call.method) and self.path in call.path
        return self.times > 0 and bool(asked) and named

    def answer(self) -> ApiError:
        self.times -= 1
        return too_many(self.retry_after, "global" if self.everywhere else "user")


class Limits:
    """Real ones, in real time."""

    def __init__(self) -> None:
        self._sent: dict[str, deque[float]] = {}

    def check(self, call: Call) -> dict[str, str]:
        """The headers of the answer; raises ApiError."""
        if call.path.startswith("/interactions"):
            return {}
        self._count("all", _ALL, 1.0, "global")
        message = _MESSAGES.fullmatch(call.path)
        if not message or call.method not in ("POST", "PATCH"):
            return {}
        name = f"{call.method} {message[1]}"
        left, after = self._count(name, _BUCKET, 5.0, "user")
        return {
            "X-RateLimit-Limit": str(_BUCKET),
            "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Reset": f"{time.time() + after:.3f}",
            "X-RateLimit-Reset-After": f"{after:.3f}",
            "X-RateLimit-Bucket": f"bucket-{call.method}",
        }

    def _count(self, name: str, most: int, span: float, scope: str) -> tuple[int, float]:
        now = time.monotonic()
        times = self._sent.setdefault(name, deque())
        while times and times[0] <= now - span:
            times.popleft()
        after = times[0] + span - now if times else span
        if len(times) >= most:
            raise too_many(round(after + 0.05, 3), scope)
        times.append(now)
        return most - len(times), after
