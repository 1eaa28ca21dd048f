"""What a database says when something is wrong, in a sentence that tells what to do."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tortoise.exceptions import BaseORMException, DBConnectionError

from agents.domain.errors import NotFound, OperatorNeeded, ParleyError, TryAgain

Translate = Callable[[Exception, str], Exception]

_SQLITE: tuple[tuple[str, type[ParleyError], str], ...] = (
    (
        "is locked",
        TryAgain,
        "The database {name} is locked by another program; it is tried again by itself.",
    ),
    (
        "disk is full",
        OperatorNeeded,
        "The disk of the database {name} is full: free some space on it. What is stored is safe, "
        "and nothing more is done until there is room.",
    ),
    (
        "not a database",
        OperatorNeeded,
        "The file {name} is not a database: put a backup in its place, or move it away and a new "
        "one is made.",
    ),
    (
        "malformed",
        OperatorNeeded,
        "The database {name} is damaged: stop Parley and put a backup in its place.",
    ),
    (
        "readonly database",
        OperatorNeeded,
        "The database {name} may not be written: give Parley the right to write the file and its "
        "folder.",
    ),
    (
        "unable to open",
        OperatorNeeded,
        "The database {name} can't be opened: look at DATABASE_URL and the rights on its folder.",
    ),
    (
        "disk i/o error",
        OperatorNeeded,
        "The disk of the database {name} reports an error: look at the disk, then start again.",
    ),
)


def of_sqlite(error: Exception, name: str) -> Exception:
    """The domain's error for what SQLite reported of the file `name`; `error` when unknown.

    A number that no column can hold, as a forged button may carry, is the number of nothing.
    """
    if isinstance(error, OverflowError):
        return NotFound()
    said = str(error).lower()
    for part, kind, sentence in _SQLITE:
        if part in said:
            return kind(sentence.format(name=name))
    return error


_CONNECTION_STATES = ("08", "57P")  # connection lost; server shuts down, starts or is gone
_RETRY_STATES = ("40", "55P03")  # deadlock, serialization, lock not available


def of_postgres(error: Exception, name: str) -> Exception:
    """The domain's error for what PostgreSQL at `name` reported; `error` when unknown."""
    cause = _root(error)
    if "value out of int" in str(cause):
        return NotFound()
    state = getattr(cause, "sqlstate", None) or ""
    for states, sentence in (
        (("28",), "PostgreSQL at {name} refuses the user or the password in DATABASE_URL."),
        (("3D000",), "There is no such database at {name}: make it, or correct DATABASE_URL."),
        (("42501",), "The user in DATABASE_URL has no right to do that at {name}: grant it."),
        (("53100",), "The disk of PostgreSQL at {name} is full: free some space on it."),
    ):
        if state.startswith(states):
            return OperatorNeeded(sentence.format(name=name))
    if state.startswith(_RETRY_STATES):
        return TryAgain("Two writers met in the database; it is tried again by itself.")
    if state.startswith(_CONNECTION_STATES) or _unreachable(cause):
        return Unreachable(f"PostgreSQL at {name} can't be reached; it is tried again by itself.")
    return error


class Unreachable(TryAgain):
    """The database can't be reached; it is tried again by itself."""


def _root(error: BaseException) -> BaseException:
    """What the driver said, out of tortoise's wrapping."""
    inner = error.args[0] if error.args else None
    if isinstance(error, BaseORMException) and isinstance(inner, BaseException):
        return inner
    if isinstance(error, DBConnectionError) and error.__cause__ is not None:
        return error.__cause__
    return error


def _unreachable(error: BaseException) -> bool:
    lost = "connection is closed", "connection was closed", "pool is clos"
    return isinstance(error, OSError | TimeoutError) or any(
        part in str(error).lower() for part in lost
    )


@contextmanager
def told_as(translate: Translate, name: str) -> Iterator[None]:
    """Raise what `translate` makes of an error of the driver."""
    try:
        yield
    except ParleyError:
        raise
    except Exception as error:
        told = translate(error, name)
        if told is error:
            raise
        raise told from error
