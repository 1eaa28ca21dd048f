"""What costs and who comes in: /costs for everyone, /invite for operators."""

import secrets
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from agents.domain.decision import ModelCall
from agents.domain.money import ZERO
from handlers import numbers, tables, texts
from handlers.chat import Words, bold, code, pre, text
from handlers.desk import Desk
from handlers.turn import Answer, Turn

_DAYS = 30
_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # without letters that look alike
_CODE_LENGTH = 10


async def invite(desk: Desk, turn: Turn) -> Answer:
    """/invite: a code that lets one person in."""
    made = "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH))
    await desk.memory.users.invite(made, turn.user.id, desk.clock.wall())
    actor = f"user:{turn.user.id}"
    await desk.memory.audit.record(turn.user.id, actor, "invite", {"code": f"{made[:3]}…"})
    return [
        texts.said(
            bold("🎟 An invitation for one person"),
            code(made),
            text("They send it to me, or write ") + code(f"/start {made}") + text("."),
        )
    ]


async def costs(desk: Desk, turn: Turn) -> Answer:
    """/costs: what models and trades cost; for operators also everyone's models."""
    since = desk.clock.wall() - timedelta(days=_DAYS)
    model = await desk.model_for(turn.user.id)
    mine = await desk.memory.model_calls.of(turn.user.id, since)
    parts: list[Words | str] = [bold(f"💰 Models, your last {_DAYS} days"), *_calls(mine, model)]
    if turn.user.operator:
        every = [
            call
            for user in await desk.memory.users.everyone()
            for call in await desk.memory.model_calls.of(user.id, since)
        ]
        parts += ["", bold("Everyone here"), *_calls(every, desk.advisor)]
    parts += ["", bold("Each paper fill costs"), pre(tables.table(_fills(desk)))]
    return [texts.said(*parts)]


def _calls(calls: Sequence[ModelCall], model: str) -> list[Words | str]:
    if not calls:
        nothing = "No model was asked, so nothing was paid."
        return [nothing if model else f"{nothing} The rules decide alone here."]
    by_model: dict[str, list[ModelCall]] = defaultdict(list)
    for call in calls:
        by_model[call.model].append(call)
    rows = [("Model", "Calls", "Tokens", "$")]
    rows += [_row(model, made) for model, made in sorted(by_model.items())]
    if len(by_model) > 1:
        rows.append(_row("In all", calls))
    return [pre(tables.table(rows))]


def _row(name: str, calls: Sequence[ModelCall]) -> tuple[str, str, str, str]:
    tokens = sum(call.input_tokens + call.output_tokens for call in calls)
    cost = sum((call.cost for call in calls), ZERO)
    short = name.removeprefix("claude-")
    return short, str(len(calls)), _thousands(tokens), numbers.money(cost)


def _thousands(count: int) -> str:
    return f"{count / 1000:.0f}k" if count >= 10_000 else f"{count}"


def _fills(desk: Desk) -> list[tuple[str, str]]:
    costs = desk.costs
    return [
        ("Fee", numbers.fraction(costs.fee)),
        ("Spread, half of", numbers.fraction(costs.spread)),
        ("Slippage, least", numbers.fraction(costs.slippage_floor)),
        ("or of the range", numbers.fraction(costs.slippage_of_range)),
    ]
