"""Every command and every button, as tables: what it is called, who does it, who may."""

from collections.abc import Mapping
from dataclasses import dataclass

from handlers import (
    account,
    approvals,
    autonomy,
    bringing,
    charts,
    confirm,
    connecting,
    desk_joining,
    desks,
    digests,
    drafting,
    editing,
    grants,
    halt,
    hooks,
    journal,
    limits,
    linking,
    listening,
    modes,
    money,
    operator,
    panic,
    peaks,
    positions,
    publishing,
    quiet,
    receipt,
    receipt_taps,
    record,
    schedules,
    sharing,
    signal_taps,
    status,
    stops,
    strategies,
    talk,
    texts,
    why,
)
from handlers.chat import Words, bold
from handlers.confirm import Act
from handlers.desk import Desk
from handlers.turn import Answer, Handler, Turn


@dataclass(frozen=True, slots=True)
class Command:
    """A row of the command table.

    `money` commands that come late ask again. `group` ones are answered in groups too: they show
    nothing that is private. `hidden` ones work and are not listed. `suggests` names what may be
    proposed while their words are typed: the kinds of handlers/suggesting.py, in that order.
    """

    name: str
    description: str
    handler: Handler
    usage: str = ""
    money: bool = False
    operator_only: bool = False
    group: bool = False
    hidden: bool = False
    suggests: str = ""


@dataclass(frozen=True, slots=True)
class Press:
    """A row of the button table. `money` ones that come late ask again, naming `label`. `asks` is
    the question of those that want a text next."""

    verb: str
    handler: Handler
    label: str = ""
    money: bool = False
    asks: str = ""


async def help_(desk: Desk, turn: Turn) -> Answer:
    """/help: every command with what it does, by subject."""
    rows = {row.name: row for row in COMMANDS if turn.person.operator or not row.operator_only}
    said: list[Words | str] = [
        bold("What I can do"),
        "Write a strategy in a sentence, and I draft it. Besides:",
    ]
    for subject, names in SUBJECTS:
        if listed := [rows[name] for name in names.split() if name in rows]:
            said += ["", bold(subject)]
            said += [f"/{row.name}{_usage(row)} – {row.description}" for row in listed]
    return [texts.said(*said)]


def _usage(row: Command) -> str:
    """Of a command that tells by itself what can follow, only that something can."""
    return f" {row.usage if len(row.usage) <= _LONGEST else '[…]'}" if row.usage else ""


_LONGEST = 24  # characters of what is shown of a command's words

SUBJECTS = (
    ("📋 Strategies", "new strategies pause resume autonomy mode schedule share open"),
    ("📈 Trades", "status proposals trades journal close sl panic chart why"),
    ("💰 Money", "balance limits receipt profit daily performance costs"),
    ("👥 With others", "desk publish unpublish channel record"),
    ("📡 Signals of others", "listen hooks"),
    ("⚙️ You", "connect disconnect settings quiet digest link unlink cancel start help"),
    ("🔑 Operators", "invite grant revoke grants halt"),
)
"""How /help lists the commands."""


COMMANDS: tuple[Command, ...] = (
    Command("start", "greeting and examples", account.start, group=True),
    Command("help", "this list", help_, group=True),
    Command("new", "draft a strategy", talk.new, "SENTENCE"),
    Command("strategies", "your strategies", strategies.listed, "[N]", suggests="strategies"),
    Command("proposals", "trades that wait for you", approvals.listed),
    Command("status", "what is watched and open", status.status),
    Command("balance", "your accounts", money.balance),
    Command("receipt", "does my book match the exchange", receipt.receipt),
    Command("profit", "realised and open profit", money.profit),
    Command("daily", "profit by day", money.by_day),
    Command("trades", "your trades", positions.listed),
    Command("journal", "each trade in full, and as a file", journal.journal, "[N or csv]"),
    Command("performance", "win rate, R, drawdown", money.how_it_goes, "[30]"),
    Command(
        "chart",
        "a chart",
        charts.chart,
        "SYMBOL [5m]",
        group=True,
        suggests="symbols timeframes",
    ),
    Command(
        "why",
        "why it traded or did not",
        why.why,
        "[SYMBOL or N]",
        suggests="proposals symbols",
    ),
    Command(
        "close",
        "close a trade",
        positions.close,
        "SYMBOL, N or all",
        money=True,
        suggests="positions",
    ),
    Command(
        "sl",
        "move a stop nearer",
        stops.move,
        "SYMBOL PRICE or entry",
        money=True,
        suggests="positions",
    ),
    Command("panic", "close and pause everything", panic.panic, money=True),
    Command(
        "pause",
        "no new trades",
        strategies.pause,
        "[N or all]",
        money=True,
        suggests="strategies",
    ),
    Command(
        "resume",
        "trade again",
        strategies.resume,
        "[N or all]",
        money=True,
        suggests="strategies",
    ),
    Command(
        "autonomy",
        "what runs without your tap",
        autonomy.autonomy,
        "[N manual, assisted, veto 5m or autopilot]",
        money=True,
        suggests="strategies",
    ),
    Command(
        "mode",
        "trying, paper or real money",
        modes.mode,
        "[N simulation, paper or live]",
        money=True,
        suggests="strategies",
    ),
    Command(
        "schedule",
        "when a strategy is set off",
        schedules.schedule,
        "[N every 4h, once, …]",
        suggests="strategies",
    ),
    Command("quiet", "hours without a sound", quiet.quiet, "[22:00-07:00 hold]", money=True),
    Command("digest", "what the day or week brought", digests.digest, "[daily 08:00]"),
    Command("connect", "your exchange account", connecting.connect, "[EXCHANGE]", group=True),
    Command("disconnect", "forget the exchange's key", connecting.disconnect),
    Command("settings", "time zone, notices, model key", account.settings),
    Command("record", "a channel's record", record.record, "[@channel or N] [verify]", group=True),
    Command("limits", "what may be lost and held at most", limits.limits, "[daily loss 3]"),
    Command("halt", "stop all new trades", halt.halt, "[off or flatten]", operator_only=True),
    Command("costs", "what models and fills cost", operator.costs),
    Command(
        "desk",
        "trade with this group",
        desks.desk_,
        "[help, rule 2 of 3, …]",
        group=True,
    ),
    Command("link", "one account on several platforms", linking.link, "[CODE]"),
    Command("unlink", "take a platform off your account", linking.unlink, "NAME"),
    Command(
        "publish",
        "send a strategy's signals to a channel",
        publishing.publish,
        "[N @channel]",
        group=True,
        suggests="strategies",
    ),
    Command(
        "unpublish",
        "publish it no more",
        publishing.unpublish,
        "N [@channel]",
        group=True,
        suggests="strategies",
    ),
    Command(
        "listen",
        "read the signals of a group",
        listening.listen,
        "[off, risk 0.5%, only BTC, test TEXT]",
        group=True,
    ),
    Command("hooks", "signals by webhook", hooks.hooks, "[new NAME, rotate N, end N]"),
    Command("channel", "how late a channel gets signals", publishing.channel, "[NAME delay 15m]"),
    Command("cancel", "drop an open question", account.cancel),
    Command(
        "share", "let others copy a strategy", sharing.share, "[N] [off]", suggests="strategies"
    ),
    Command("open", "copy a shared strategy", sharing.open_, "CODE"),
    Command("grant", "let somebody have more", grants.grant, "NAME FEATURE", operator_only=True),
    Command("revoke", "take a grant back", grants.revoke, "NAME FEATURE", operator_only=True),
    Command("grants", "who has what", grants.listed, operator_only=True),
    Command("invite", "let somebody in", operator.invite, operator_only=True),
    Command("positions", "what is open", status.status, hidden=True),
    Command("stop", "close and pause everything", panic.panic, money=True, hidden=True),
)

PRESSES: tuple[Press, ...] = (
    # conversation
    Press("example", drafting.example),
    Press("pick", drafting.picked),
    Press("no", confirm.declined),
    Press("dismiss", confirm.dismissed),
    # strategies
    Press("activate", strategies.activate, "Activate", money=True),
    Press("edit", editing.begin, asks="What should be different?"),
    Press("discard", strategies.discard),
    Press("pause", strategies.pause_tapped),
    Press("resume", strategies.resume_tapped, "Resume", money=True),
    Press("archive", strategies.archive),
    Press("once", strategies.trade_once),
    Press("continuous", strategies.keep_trading),
    Press("strategy", strategies.opened),
    Press("strategies", strategies.page),
    Press("unpublish", publishing.unpublish_tapped),
    # signals that came in
    Press("as_strategy", bringing.as_strategy),
    Press("signal_stop", signal_taps.stop),
    Press("signal_half", signal_taps.half),
    Press("signal_close", signal_taps.close),
    Press("signal_ignore", signal_taps.ignore),
    # proposals
    Press("approve", approvals.approve, "Approve", money=True),
    Press("veto", approvals.veto, "Veto", money=True),
    Press("halve", approvals.halve, "Half size", money=True),
    Press("tighten", approvals.tighten, "Tighter stop", money=True),
    Press("next_candle", approvals.next_candle, "Next candle", money=True),
    Press("details", approvals.details),
    Press("proposal", approvals.opened),
    Press("proposals", approvals.page),
    *(Press(verb, approvals.veto_reason) for verb in approvals.VETO_VERBS),
    # trades
    Press("close", positions.close_tapped),
    Press("close_half", positions.half_tapped),
    Press("trades", positions.page),
    Press("journal", journal.opened),
    Press("journal_page", journal.page),
    Press("journal_csv", journal.exported),
    # what the exchange holds and nobody here knows
    Press("adopt", receipt_taps.adopt),
    Press("adopt_stop", receipt_taps.stop_tapped),
    Press("found_close", receipt_taps.close),
    Press("found_ignore", receipt_taps.ignore),
    # what happens without a tap
    Press("autonomy", autonomy.opened),
    Press("let", autonomy.tapped),
    Press("mode", modes.opened),
    Press("set_mode", modes.tapped, "Mode", money=True),
    Press("quiet", quiet.opened),
    Press("quiet_set", quiet.tapped),
    Press("digest", digests.opened),
    Press("digest_set", digests.tapped),
    # limits
    Press("limits_page", limits.page),
    Press("limit_half", limits.half),
    Press("limit_keep", limits.keep),
    # a group's desk
    Press(desks.JOIN, desks.join_tapped),
    Press("desk_seat", desk_joining.seat_tapped),
    Press("desk_rule", desks.rule_tapped),
    # looking
    Press("status", status.page),
    Press("daily", money.by_day_page),
    Press("notice", account.notice),
    Press("connect", connecting.begin, asks="Key, secret (and passphrase, if it has one)"),
    Press("check_key", connecting.check_again),
    Press("no_key", connecting.stop),
    Press("disconnect", connecting.disconnect),
    Press("zones", account.zones),
    Press("zone", account.zone),
)

# What a Yes does, by the kind of the question.
ACTS: Mapping[str, Act] = {
    desks.CLOSE: desks.close_now,
    bringing.JUDGE: bringing.judged,
    linking.JOIN: linking.join_now,
    editing.ACCEPT: editing.accept,
    positions.CLOSE: positions.close_now,
    receipt_taps.CLOSE: receipt_taps.close_now,
    positions.CLOSE_ALL: positions.close_all_now,
    panic.PANIC: panic.panic_now,
    autonomy.LET: autonomy.let_run,
    connecting.CONNECT: connecting.connect_now,
    connecting.DISCONNECT: connecting.disconnect_now,
    quiet.SET: quiet.set_quiet,
    limits.RAISE: limits.raise_now,
    peaks.ANEW: peaks.agreed,
    halt.FLATTEN: halt.flatten_now,
    halt.LIFT: halt.lift_now,
}
