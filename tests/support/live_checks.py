"""What is stored held against what the stand-in exchange did, by plain SQL and sums of its own."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal, localcontext
from typing import Any

from tests.support.live_crew import KEY, OWN, LiveCrew, Row
from tests.support.venue.records import OURS, Kind, Order
from tests.support.venue.records import Fill as Execution

_TABLES = ("accounts", "orders", "fills", "positions", "proposals", "outbox", "funding")
_TOLD = ("filled", "partly_closed", "closed")
ZERO = Decimal(0)


class LiveBooks:
    """One moment of a desk's database and its exchange, read without anything of the program's."""

    def __init__(self, crew: LiveCrew) -> None:
        self._crew = crew
        self._engine = crew.engine
        with crew.moment() as rows:
            self.tables = {name: rows(f"SELECT * FROM {name} ORDER BY id") for name in _TABLES}
        self._orders = {row["client_id"]: row for row in self.tables["orders"]}
        self._fills_of: defaultdict[int, list[Row]] = defaultdict(list)
        positions = {row["proposal_id"]: row["id"] for row in self["positions"]}
        owners = {
            row["id"]: row["position_id"] or positions.get(row["proposal_id"])
            for row in self["orders"]
        }
        for fill in self["fills"]:
            self._fills_of[owners[fill["order_id"]] or 0].append(fill)

    def __getitem__(self, table: str) -> list[Row]:
        return self.tables[table]

    @property
    def open(self) -> list[Row]:
        return [row for row in self["positions"] if row["state"] != "closed"]

    def undelivered(self) -> int:
        return sum(row["state"] in ("waiting", "sending") for row in self["outbox"])

    # --- what must be true once it rests ------------------------------------------------------

    def faults(self) -> list[str]:
        """Everything that does not add up; empty when all does."""
        with localcontext(prec=60):
            return [
                *self._taken(),
                *self._orders_add_up(),
                *self._targets(),
                *self._fills(),
                *self._positions(),
                *self._holdings(),
                *self._cash(),
                *self._covers(),
                *self._stops(),
                *self._told(),
            ]

    def _taken(self) -> Iterator[str]:
        for name, times in self._engine.taken.items():
            if times > 1:
                yield f"{name} was taken {times} times"
            if name.startswith(OURS) and name not in self._orders:
                yield f"{name} was taken and is not stored"
        entries = Counter(r["proposal_id"] for r in self["orders"] if r["purpose"] == "entry")
        for number, count in entries.items():
            if count > 1:
                yield f"proposal {number} has {count} entries"

    def _orders_add_up(self) -> Iterator[str]:
        filled: defaultdict[int, Decimal] = defaultdict(lambda: ZERO)
        for fill in self["fills"]:
            filled[fill["order_id"]] += Decimal(fill["quantity"])
        for row in self["orders"]:
            got, whole = filled[row["id"]], Decimal(row["quantity"])
            if got > whole or (row["state"] == "filled") != (got == whole):
                yield f"order {row['key']} is {row['state']} with {got} of {whole}"
            if row["state"] in ("open", "part_filled", "filled") and got != Decimal(row["filled"]):
                yield f"order {row['key']} counts {row['filled']}, its fills {got}"

    def _targets(self) -> Iterator[str]:
        """The first target closes its half once, by whatever order."""
        for position in self["positions"]:
            mine = {
                row["id"]
                for row in self["orders"]
                if (row["position_id"], row["purpose"], row["target"])
                == (position["id"], "target", 0)
            }
            took = sum(
                (
                    Decimal(fill["quantity"])
                    for fill in self._fills_of[position["id"]]
                    if fill["order_id"] in mine
                ),
                ZERO,
            )
            if took > Decimal(position["entered"]) / 2 + self._step(position):
                yield f"position {position['id']}: its first target closed {took}"

    def _step(self, position: Row) -> Decimal:
        return self._engine.market(self._crew.kind, position["symbol"].replace("/", "")).step

    def executions(self) -> Iterator[tuple[str, Execution]]:
        """What the exchange filled of the desk's orders, by the client id that the desk gave."""
        parents = {one.id: one for one in self._engine.orders}
        for fill in self._engine.fills:
            order: Order | None = parents[fill.order_id]
            while order is not None and not order.client_id.startswith(OURS):
                order = parents.get(order.parent) if order.parent is not None else None
            if order is not None:
                yield order.client_id, fill

    def _fills(self) -> Iterator[str]:
        """The same executions on both sides, to the last decimal."""
        there = Counter(
            (name, str(f.id), f.side.value, f.price, f.quantity, f.fee, f.fee_coin)
            for name, f in self.executions()
        )
        here = Counter(
            (
                *(row["client_id"], row["trade_id"], row["side"], Decimal(row["price"])),
                *(Decimal(row["quantity"]), Decimal(row["fee"]), row["fee_currency"]),
            )
            for row in self["fills"]
        )
        yield from (f"executed there and not booked: {one}" for one in there - here)
        yield from (f"booked and not executed there: {one}" for one in here - there)

    def _coins(self, position: Row) -> tuple[Decimal, Decimal]:
        """(coins that its fills left, cash that they moved) of a position."""
        coins = cash = ZERO
        base = position["symbol"].partition("/")[0]
        for fill in self._fills_of[position["id"]]:
            quantity, sign = Decimal(fill["quantity"]), 1 if fill["side"] == "buy" else -1
            coins += quantity * sign
            cash -= quantity * Decimal(fill["price"]) * sign
            if fill["fee_currency"] == base:
                coins -= Decimal(fill["fee"])
            else:
                cash -= Decimal(fill["fee"])
        return coins, cash

    def _positions(self) -> Iterator[str]:
        for position in self["positions"]:
            coins, _ = self._coins(position)
            held = Decimal(position["quantity"]) * (1 if position["side"] == "long" else -1)
            closed = position["state"] == "closed"
            dust = self._dust(position) if closed else ZERO
            if held != (ZERO if closed else coins) or not 0 <= abs(coins) <= max(dust, abs(held)):
                yield f"position {position['id']} holds {held}, its fills left {coins}"
            if position["state"] == "closing":
                yield f"position {position['id']} is closing, and nothing closes it"
        yield from (f"fill {fill['id']} is of no position" for fill in self._fills_of[0])

    def _dust(self, position: Row) -> Decimal:
        """What can't be sold: less than a step, or than the smallest order."""
        name = position["symbol"].replace("/", "")
        market = self._engine.market(self._crew.kind, name)
        return max(market.step, market.min_notional / self._engine.price(name))

    def _holdings(self) -> Iterator[str]:
        """The exchange holds what the owner had before, and what all fills left."""
        left: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        for position in self["positions"]:
            left[position["symbol"].partition("/")[0]] += self._coins(position)[0]
        for coin in ("BTC", "ETH"):
            if self._crew.kind is Kind.SPOT:
                there = self._engine.balances(KEY)[coin].total - OWN[coin]
            else:
                there = self._engine.account(KEY).position(f"{coin}USDT").quantity
            if there != left[coin]:
                yield f"the exchange holds {there} {coin} of ours, the book says {left[coin]}"

    def _cash(self) -> Iterator[str]:
        """Balances: what they began with, all cash that moved, and open lots at their price."""
        moved = {row["id"]: ZERO for row in self["accounts"]}
        lots = dict(moved)
        for position in self["positions"]:
            moved[position["account_id"]] += self._coins(position)[1]
            sign = 1 if position["side"] == "long" else -1
            lot = Decimal(position["quantity"]) * Decimal(position["entry_price"]) * sign
            lots[position["account_id"]] += lot
        for paid in self["funding"]:
            moved[paid["account_id"]] += Decimal(paid["amount"])
        for row in self["accounts"]:
            said = Decimal(row["start"]) + moved[row["id"]] + lots[row["id"]]
            # an average price of several fills may have no end, and is kept to 18 decimals
            if round(Decimal(row["balance"]) - said, 12 if lots[row["id"]] else 15):
                yield f"account {row['id']} has {row['balance']}, its fills say {said}"
        yield from self._wallet(sum(moved.values(), ZERO))

    def _wallet(self, moved: Decimal) -> Iterator[str]:
        there = self._engine.balances(KEY, self._crew.kind)["USDT"].total - OWN["USDT"]
        flat = self._crew.kind is Kind.SPOT or not self._engine.positions(KEY)
        if flat and round(there - moved, 8):
            yield f"the wallet moved by {there}, the fills by {moved}"

    def _covers(self) -> Iterator[str]:
        """What rests at the exchange is stored as resting, and its stops cover what is held."""
        rests = {one.client_id: one for one in self._engine.open_orders(KEY)}
        ours = {
            row["client_id"] for row in self["orders"] if row["state"] in ("open", "part_filled")
        }
        for name in sorted(rests.keys() ^ ours):
            where = "rests there alone" if name in rests else "rests in the book alone"
            yield f"{self._orders.get(name, {}).get('key', name)} {where}"
        wanted: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        for position in self.open:
            name, step = position["symbol"].replace("/", ""), self._step(position)
            wanted[name] += Decimal(position["quantity"]) // step * step
        stops: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        for order in rests.values():
            if order.type.is_stop:
                stops[order.symbol] += order.left
        for name in sorted(wanted.keys() | stops.keys()):
            if wanted[name] != stops[name]:
                yield f"stops of {name} close {stops[name]} of {wanted[name]}"

    def _stops(self) -> Iterator[str]:
        """A stop never went away from the price, and rests where its position says: one that
        trails at most a tenth of its way behind, and never before the book."""
        placed: defaultdict[int, list[Row]] = defaultdict(list)
        for row in self["orders"]:
            if row["purpose"] == "stop" and row["kind"] == "stop" and row["position_id"]:
                placed[row["position_id"]].append(row)
        for position in self["positions"]:
            sign = 1 if position["side"] == "long" else -1
            stops = placed[position["id"]]
            ways = [Decimal(row["price"]) * sign for row in stops]
            if ways != sorted(ways):
                yield f"position {position['id']}: its stop went back: {ways}"
            rests = [row for row in stops if row["state"] in ("open", "part_filled")]
            yield from self._stands(position, sign, rests)

    def _stands(self, position: Row, sign: int, rests: list[Row]) -> Iterator[str]:
        name = position["symbol"].replace("/", "")
        tick = self._engine.market(self._crew.kind, name).tick
        behind = tick
        if percent := json.loads(position["trailing"])["percent"]:
            risk = abs(Decimal(position["entry_price"]) - Decimal(position["initial_stop"]))
            behind += min(risk, Decimal(position["best"]) * Decimal(percent) / 100) / 10
        for row in rests:
            gap = (Decimal(position["stop"]) - Decimal(row["price"])) * sign
            if position["state"] == "open" and not -tick < gap <= behind:
                yield f"position {position['id']}: its stop rests {gap} behind the book"

    # --- what was told ------------------------------------------------------------------------

    def _told(self) -> Iterator[str]:
        """Each fill is told, once. A message may be repeated that Telegram took just before the
        kill: its answer is the only word of it."""
        rows: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in self["outbox"]:
            if row["kind"] in _TOLD:
                facts: dict[str, Any] = json.loads(row["facts"])
                if facts.get("again"):
                    continue  # what is left of it is written off
                rows[facts["client_id"], facts["trade_id"]].append(row)
        for fill in self["fills"]:
            if (count := len(rows[fill["client_id"], fill["trade_id"]])) != 1:
                yield f"fill {fill['trade_id']} is told {count} times"
        told = [row for found in rows.values() for row in found]
        yield from self._in_the_chat(told)

    def _in_the_chat(self, told: list[Row]) -> Iterator[str]:
        names = {row["message_id"].lstrip("p") for row in told if row["state"] == "sent"}
        titles = ("· Filled ", "· Partly closed ", "· Closed ")
        there = {
            str(message.id)
            for message in self._crew.ann.messages
            if any(title in message.text.partition("\n")[0] for title in titles)
        }
        yield from (f"message {name} of a fill is not in the chat" for name in names - there)
        repeats = sum(max(row["attempts"] - 1, 0) for row in told)
        repeats += sum(row["state"] == "sending" for row in told)
        if len(there - names) > repeats:
            yield f"{len(there - names)} messages tell fills again, {repeats} were tried again"

    def lies(self) -> list[str]:
        """Buttons that offer what is not on offer any more."""
        proposals = {row["id"]: row for row in self["proposals"]}
        positions = {row["id"]: row for row in self["positions"]}
        found = []
        for message in self._crew.ann.messages:
            for button in (one for row in message.keyboard for one in row):
                act, number, version = (*button["callback_data"].split(":"), "", "")[:3]
                if act in ("approve", "veto", "halve", "tighten"):
                    row = proposals[int(number)]
                    true = row["state"] == "pending" and row["version"] == int(version)
                elif act in ("close", "close_half"):
                    true = positions[int(number)]["state"] != "closed"
                else:
                    continue
                if not true:
                    found.append(f"message {message.id}: {button['text']}")
        return found


def restless(crew: LiveCrew) -> list[str]:
    """What is still to happen by itself."""
    found = [
        *crew.rows(
            "SELECT 'order ' || key || ' is ' || state AS said FROM orders"
            " WHERE state IN ('new', 'sending', 'unknown')"
            " OR (kind = 'market' AND state IN ('open', 'part_filled'))"
        ),
        *crew.rows(
            "SELECT 'proposal ' || id || ' is ' || state AS said FROM proposals"
            " WHERE state = 'approved'"  # pending ones may wait for a price, or for a person
        ),
        *crew.rows(
            "SELECT 'signal ' || id || ' is ' || state AS said FROM heard WHERE state IN"
            " ('new', 'judging')"
        ),
        *crew.rows(
            "SELECT 'panic ' || value AS said FROM notes WHERE name = 'panics' AND value <> '{}'"
        ),
    ]
    return [row["said"] for row in found]
