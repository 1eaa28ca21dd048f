"""The command line: `python -m bot` runs the desk; other words do one thing and end."""

import asyncio
import ctypes
import faulthandler
import resource
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from agents.domain.errors import ParleyError
from bot.log import start_logging
from bot.settings import Settings, load_settings

if TYPE_CHECKING:
    from bot.app import App

USAGE = """\
python -m bot                    run the desk (PORT, PARLEY_MARKET, TELEGRAM_BOT_TOKEN ...)
python -m bot read SENTENCE      what the sentence reader understands, as JSON
python -m bot signals SENTENCE --candles FILE_OR_FOLDER
                                 the entry signals of a strategy on stored candles
python -m bot signal-texts FILE  how well a file of signal texts (JSON lines) is read
python -m bot record CHANNEL     a channel's record (by the channel's number), to be kept in a file
python -m bot verify FILE [--head HASH]
                                 whether such a file is whole
python -m bot rekey              seal stored keys with another secret
python -m bot paper-check FOLDER whether paper's fills are ever better than recorded order books
python -m bot migrate            bring the database up to date
python -m bot doctor             check the settings and what they name
"""
Build = Callable[[Settings], Awaitable["App"]]

_OPERATOR = 1  # exit code: only the operator can mend it
_SAID_WRONG = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit code. Faults are a sentence on standard error."""
    words = list(sys.argv[1:] if argv is None else argv)
    name = words[0] if words else "run"
    command = _COMMANDS.get(name)
    if name in {"-h", "--help", "help"}:
        sys.stdout.write(USAGE)
        return 0
    if command is None:
        sys.stderr.write(f"There is no command {name!r}. These are:\n\n{USAGE}")
        return _SAID_WRONG
    try:
        return command(words[1:])
    except ParleyError as error:
        sys.stderr.write(f"{error}\n")
        return _OPERATOR
    except KeyboardInterrupt:
        return 130


def _run(_: Sequence[str]) -> int:
    settings = load_settings()
    _leave_no_dumps()
    start_logging(settings.log_level, settings.secrets())
    return asyncio.run(serve(settings))


_DUMPABLE = 4  # of prctl(2)


def _leave_no_dumps() -> None:
    """A process that crashes says where, and leaves no file with its memory: keys are in there.

    On Linux a limit of 0 does not reach those who have dumps piped to a program, and what is not
    dumpable is not dumped by anybody.
    """
    faulthandler.enable(sys.__stderr__ or sys.stderr)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DUMPABLE, 0, 0, 0, 0)


async def serve(settings: Settings, build: Build | None = None) -> int:
    """Run until SIGTERM or SIGINT, then finish what was begun. `build` makes the parts."""
    if build is None:
        from bot import app as parts

        build = parts.build
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    app = await build(settings)
    address = await app.start()
    try:
        sys.stdout.write(f"Open {address}\n")
        sys.stdout.flush()
        await ended.wait()
    finally:
        await app.stop()
    return 0


def _read(argv: Sequence[str]) -> int:
    from bot.commands.read import run

    return run(argv)


def _signals(argv: Sequence[str]) -> int:
    from bot.commands.signals import run

    return run(argv)


def _record(argv: Sequence[str]) -> int:
    from bot.app import record

    if len(argv) != 1 or not argv[0].isdecimal():
        sys.stderr.write("Say the number of a channel: python -m bot record 3 > record.jsonl\n")
        return _SAID_WRONG
    sys.stdout.writelines(asyncio.run(record(load_settings(), int(argv[0]))))
    return 0


def _verify(argv: Sequence[str]) -> int:
    from bot.commands.verify import run

    return run(argv)


def _signal_texts(argv: Sequence[str]) -> int:
    from bot.commands.signal_texts import run

    return run(argv)


def _rekey(_: Sequence[str]) -> int:
    from bot.app import alone
    from bot.commands.rekey import rekey

    settings = load_settings()
    start_logging(settings.log_level, settings.secrets())
    done = asyncio.run(alone(settings, lambda memory: rekey(settings, memory)))
    sys.stdout.write(f"{done}\n")
    return 0


def _paper_check(argv: Sequence[str]) -> int:
    from bot.commands.paper_check import run

    return run(argv)


def _migrate(_: Sequence[str]) -> int:
    from bot.app import migrate

    settings = load_settings()
    sys.stdout.write(f"{asyncio.run(migrate(settings))}\n")
    return 0


def _doctor(_: Sequence[str]) -> int:
    from bot.app import doctor

    settings = load_settings()
    findings = asyncio.run(doctor(settings))
    for part, works, sentence in findings:
        sys.stdout.write(f"{'ok  ' if works else 'FAIL'} {part}: {sentence}\n")
    return 0 if all(works for _, works, _ in findings) else _OPERATOR


_COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "run": _run,
    "read": _read,
    "signals": _signals,
    "signal-texts": _signal_texts,
    "paper-check": _paper_check,
    "record": _record,
    "verify": _verify,
    "rekey": _rekey,
    "migrate": _migrate,
    "doctor": _doctor,
}

if __name__ == "__main__":
    sys.exit(main())
