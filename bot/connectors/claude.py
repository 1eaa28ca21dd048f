"""The model behind an Anthropic-compatible endpoint: one question, one checked answer.

Whatever goes wrong (deadline, overload, refusal, an answer that does not parse) ends in a recorded
call and no answer; it is never a decision and never an exception for the caller.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from agents.decision import advisor
from agents.decision.words import ModelReading
from agents.domain.decision import Advice, Advised, ModelCall, Question

log = logging.getLogger(__name__)

Answer = TypeVar("Answer", bound=BaseModel)
KeyOf = Callable[[int], Awaitable[str | None]]
"""The own key of the user with that id: None without one, empty when it can't be used."""
WhenDenied = Callable[[int, str], Awaitable[None]]
"""Told of a user's key that the server does not take."""

# US dollars per million tokens: input, output, cached input. Matched by the start of the name.
PRICES: tuple[tuple[str, tuple[str, str, str]], ...] = (
    ("claude-opus", ("5", "25", "0.5")),
    ("claude-sonnet", ("3", "15", "0.3")),
    ("claude-haiku", ("1", "5", "0.1")),
)
_MILLION = Decimal(1_000_000)
_body: ContextVar[dict[str, Any]] = ContextVar("answer_body", default={})  # noqa: B039


def cost_of(model: str, fresh: int, output: int, cached: int) -> Decimal:
    """US dollars for tokens at the list price; zero for a model without one (a local one)."""
    for start, (per_input, per_output, per_cached) in PRICES:
        if model.startswith(start):
            total = fresh * Decimal(per_input) + output * Decimal(per_output)
            return (total + cached * Decimal(per_cached)) / _MILLION
    return Decimal(0)


@dataclass(frozen=True, slots=True)
class Task(Generic[Answer]):
    """One question for a model, and the shape of its answer."""

    purpose: str
    owner_id: int
    strategy_id: int | None
    system: str
    prompt: str
    shape: type[Answer]
    max_tokens: int = 2_000


@dataclass(frozen=True, slots=True)
class _Attempt(Generic[Answer]):
    answer: Answer | None
    call: ModelCall
    again: bool = False  # whether the same model may be asked once more
    denied: bool = False  # the key is not taken, whatever is asked


class Claude:
    """Asks `models` in order. Each gets `tries` tries; all together get `deadline` seconds.

    A user with an own key (`key_of`) is served with that one and no other, everyone else with
    `api_key`; where neither may be used, nothing is asked and no call recorded.
    """

    def __init__(
        self,
        api_key: str,
        base_url: str,
        models: Sequence[str],
        wall: Callable[[], datetime],
        *,
        key_of: KeyOf | None = None,
        denied: WhenDenied | None = None,
        deadline: float = 45.0,
        tries: int = 2,
        pause: float = 1.0,
    ) -> None:
        self._api_key = api_key
        self._base_url = base_url
        self._models = tuple(dict.fromkeys(filter(None, models)))
        self._wall = wall
        self._key_of = key_of
        self._denied = denied
        self._deadline = deadline
        self._tries = tries
        self._pause = pause
        self._client: Any = None
        self._connecting = asyncio.Lock()
        self.last_error = ""

    @property
    def name(self) -> str:
        return self._models[0]

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    async def ask(self, task: Task[Answer]) -> tuple[Answer | None, tuple[ModelCall, ...]]:
        """The first usable answer, and the record of every call that was made for it."""
        own = await self._key_of(task.owner_id) if self._key_of else None
        key = self._api_key if own is None else own
        if not key:
            return None, ()
        answer, calls, denied = await self._ask(task, key)
        if own and denied and self._denied:
            await self._denied(task.owner_id, own)
        return answer, calls

    async def _ask(
        self, task: Task[Answer], key: str
    ) -> tuple[Answer | None, tuple[ModelCall, ...], bool]:
        """Answer and calls, and whether the key was denied."""
        calls: list[ModelCall] = []
        ends = time.monotonic() + self._deadline
        for model in self._models:
            for attempt in range(self._tries):
                left = ends - time.monotonic()
                if left <= 0:
                    return None, tuple(calls), False
                tried = await self._try(task, model, key, left)
                calls.append(tried.call)
                self.last_error = tried.call.error
                if tried.answer is not None or tried.denied:
                    return tried.answer, tuple(calls), tried.denied
                if not tried.again:
                    break
                await asyncio.sleep(min(self._pause * 2**attempt, max(0.0, left)))
        return None, tuple(calls), False

    async def _try(self, task: Task[Answer], model: str, key: str, left: float) -> _Attempt[Answer]:
        started = time.monotonic()
        blank = ModelCall(
            purpose=task.purpose,
            model=model,
            owner_id=task.owner_id,
            strategy_id=task.strategy_id,
            asked_at=self._wall(),
            outcome="unavailable",
            prompt=task.prompt,
        )
        try:
            tried = await asyncio.wait_for(self._send(task, key, blank), left)
        except TimeoutError:
            tried = _Attempt(None, replace(blank, outcome="timeout", error="no answer in time"))
        took = round((time.monotonic() - started) * 1000)
        return replace(tried, call=replace(tried.call, milliseconds=took))

    async def _send(self, task: Task[Answer], key: str, blank: ModelCall) -> _Attempt[Answer]:
        import anthropic

        body: dict[str, Any] = {}
        token = _body.set(body)
        answer: object = None
        try:
            answer = (await self._request(task, blank.model, key)).parsed_output
        except ValidationError:
            answer = None
        except anthropic.APIError as error:
            return _failed(blank, error)
        finally:
            _body.reset(token)
        return _judged(task, _priced(blank, body), answer, body.get("stop_reason"))

    async def _request(self, task: Task[Answer], model: str, key: str) -> Any:
        async with self._connecting:  # those who ask first at the same time share one client
            if self._client is None:
                # In a thread: importing the library takes seconds.
                self._client = await asyncio.to_thread(_client, key, self._base_url)
        # A copy shares the connections, and holds the key for one request only.
        return await self._client.with_options(api_key=key).messages.parse(
            model=model,
            max_tokens=task.max_tokens,
            system=[{"type": "text", "text": task.system, "cache_control": {"type": "ephemeral"}}],
            messages=[{"role": "user", "content": task.prompt}],
            output_format=task.shape,
        )


async def _keep_body(response: Any) -> None:
    """Keep what came back: the client drops the tokens of an answer that does not parse."""
    await response.aread()
    try:
        found = response.json()
    except ValueError:
        return
    if isinstance(found, dict):
        _body.get().update(found)


def _failed(blank: ModelCall, error: Any) -> _Attempt[Any]:
    """What an error of the client means, and whether the same model may be asked again."""
    import anthropic

    if isinstance(error, anthropic.APITimeoutError):
        return _Attempt(None, replace(blank, outcome="timeout", error="no answer in time"), True)
    if isinstance(error, anthropic.APIConnectionError):
        return _Attempt(None, replace(blank, error="the model's server can't be reached"), True)
    if isinstance(error, anthropic.APIStatusError):
        again = error.status_code in {408, 409, 429} or error.status_code >= 500
        reason = f"the model's server answered {error.status_code}"
        denied = error.status_code in {401, 403}
        return _Attempt(None, replace(blank, error=reason), again, denied)
    return _Attempt(None, replace(blank, outcome="unparsable", error="not a message"), True)


def _client(api_key: str, base_url: str) -> Any:
    import anthropic

    return anthropic.AsyncAnthropic(
        api_key=api_key,
        base_url=base_url or None,
        max_retries=0,  # tries and the deadline are ours, so that each one is recorded
        http_client=anthropic.DefaultAsyncHttpxClient(event_hooks={"response": [_keep_body]}),
    )


def _judged(
    task: Task[Answer], call: ModelCall, answer: object, stop_reason: object
) -> _Attempt[Answer]:
    """Tell a usable answer from a refusal, a cut-off one and one outside the schema."""
    if stop_reason == "refusal":
        return _Attempt(None, replace(call, outcome="refused", error="the model declined"))
    if isinstance(answer, task.shape):
        return _Attempt(answer, replace(call, outcome="ok"))
    cut = stop_reason == "max_tokens"
    error = "the answer was cut off" if cut else "the answer did not fit the schema"
    return _Attempt(None, replace(call, outcome="unparsable", error=error), not cut)


def _priced(blank: ModelCall, body: dict[str, Any]) -> ModelCall:
    """The call with the tokens, the cost and the text of the answer."""
    usage = body.get("usage") or {}
    fresh = int(usage.get("input_tokens") or 0)
    fresh += int(usage.get("cache_creation_input_tokens") or 0)
    cached = int(usage.get("cache_read_input_tokens") or 0)
    output = int(usage.get("output_tokens") or 0)
    texts = [part.get("text", "") for part in body.get("content", ()) if part.get("type") == "text"]
    return replace(
        blank,
        input_tokens=fresh + cached,
        output_tokens=output,
        cached_tokens=cached,
        cost=cost_of(blank.model, fresh, output, cached),
        answer="".join(texts),
    )


class ClaudeAdvisor:
    """The Advisor port: asks about a trade that the rules allow."""

    def __init__(self, claude: Claude) -> None:
        self._claude = claude
        self.name = claude.name

    async def advise(self, question: Question) -> Advised:
        answer, calls = await self._claude.ask(
            Task(
                purpose="signal" if question.signal else "advisor",
                owner_id=question.owner_id,
                strategy_id=question.strategy_id,
                system=advisor.instructions(of_signal=question.signal is not None),
                prompt=advisor.ask(question),
                shape=Advice,
            )
        )
        if answer is None and calls:
            log.warning("The advisor gave no usable answer.", extra={"why": calls[-1].error})
        return Advised(answer, calls)


class ClaudeReader:
    """Satisfies `agents.decision.reader.SentenceModel`."""

    def __init__(self, claude: Claude) -> None:
        self._claude = claude

    async def state(
        self, owner_id: int, system: str, prompt: str
    ) -> tuple[ModelReading | None, tuple[ModelCall, ...]]:
        task = Task("reader", owner_id, None, system, prompt, ModelReading)
        return await self._claude.ask(task)
