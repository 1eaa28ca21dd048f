"""A stand-in exchange for tests of live trading: one engine, and doors that speak as exchanges do.

What it enforces: signatures, time stamps and permissions of keys; filters of price, quantity and
cost with the exchange's own codes; balances, locked by resting spot orders once; margin by
leverage; reduce-only; one-way positions with average entry; a client order id is refused only
while its order is open. Orders are matched against a book of a few levels around a price that
tests move. Partial fills, fees in any coin, funding and liquidation happen as they do there.

What it does not: other traders (the book is refilled at once), queue positions, hedge mode
(orders in it are refused), borrowing, iceberg and trailing orders, margin tiers above the first,
request weights (faults say 429 when a test wants it), and self-trade prevention.

A door translates one exchange's dialect and holds no state of trading: see door.py.
"""
