"""Names of coins in every spelling, and the instrument that each means."""

import re
from decimal import Decimal
from difflib import get_close_matches

from agents.domain.errors import UnknownSymbol
from agents.domain.market import Instrument, Universe

# Names that people write instead of a ticker. Tickers themselves need no row.
COIN_NAMES: dict[str, str] = {
    "bitcoin": "BTC", "bitcoins": "BTC", "xbt": "BTC", "ether": "ETH", "ethereum": "ETH",
    "etherium": "ETH", "solana": "SOL", "ripple": "XRP", "cardano": "ADA", "dogecoin": "DOGE",
    "polkadot": "DOT", "avalanche": "AVAX", "chainlink": "LINK", "polygon": "MATIC",
    "litecoin": "LTC", "tron": "TRX", "cosmos": "ATOM", "uniswap": "UNI", "stellar": "XLM",
    "lumens": "XLM", "monero": "XMR", "filecoin": "FIL", "aptos": "APT", "arbitrum": "ARB",
    "optimism": "OP", "injective": "INJ", "celestia": "TIA", "toncoin": "TON",
    "shiba": "SHIB", "shibainu": "SHIB", "binancecoin": "BNB", "hedera": "HBAR",
    "algorand": "ALGO", "vechain": "VET", "fantom": "FTM", "sandbox": "SAND",
    "decentraland": "MANA", "axie": "AXS", "aave": "AAVE", "maker": "MKR", "curve": "CRV",
    "thorchain": "RUNE", "kaspa": "KAS", "dogwifhat": "WIF", "hyperliquid": "HYPE",
    "worldcoin": "WLD", "fetch": "FET", "render": "RENDER", "immutable": "IMX", "stacks": "STX",
    "tezos": "XTZ", "zcash": "ZEC", "dash": "DASH", "iota": "IOTA", "pancakeswap": "CAKE",
    "lido": "LDO", "jupiter": "JUP", "pyth": "PYTH", "bitcoincash": "BCH",
    "ethereumclassic": "ETC", "terra": "LUNA", "eos": "EOS", "neo": "NEO",
}  # fmt: skip

# Old and exchange-own tickers of the same coin, tried when the universe lacks the spelling.
_ALIASES: dict[str, tuple[str, ...]] = {
    "XBT": ("BTC",), "XXBT": ("BTC",), "XETH": ("ETH",), "XDG": ("DOGE",), "BCC": ("BCH",),
    "MATIC": ("POL",), "POL": ("MATIC",), "RNDR": ("RENDER",), "RENDER": ("RNDR",),
    "FTM": ("S",), "SHIB": ("1000SHIB",), "PEPE": ("1000PEPE",), "BONK": ("1000BONK",),
    "1000SHIB": ("SHIB",), "1000PEPE": ("PEPE",), "1000BONK": ("BONK",), "LUNC": ("LUNA",),
}  # fmt: skip

_SHORT = 4  # two letters swapped weigh more in a short ticker
DOLLARS = ("USDT", "USDC", "USD", "FDUSD", "BUSD", "TUSD", "DAI")
QUOTES = (*DOLLARS, "EUR", "BTC", "ETH", "BNB", "GBP", "TRY", "JPY")

# "BTC-PERP", "BTCUSDT.P", "BTC-USDT-SWAP", "btcusdt perpetual": the contract, not the coin.
_CONTRACT = re.compile(
    r"(?:[-_/. ]?(?:PERP(?:ETUAL)?|SWAP|FUTURES?)|[.]P|:[A-Z]{3,5}(?:-\d{6})?)$", re.ASCII
)


def _bare(spelling: str) -> str:
    """`spelling` in capitals, without cashtag, exchange prefix and contract suffix."""
    text = spelling.strip().strip("$#'\"`").upper()
    if ":" in text and "/" not in text:  # BINANCE:BTCUSDT
        text = text.rsplit(":", 1)[1]
    for _ in range(3):
        shorter = _CONTRACT.sub("", text)
        if shorter == text or not shorter:
            break
        text = shorter
    return text.strip(" -_/.")


def _split(bare: str) -> tuple[str, str | None]:
    """Base and quote of a bare spelling; the quote is None when none was written."""
    parts = [part for part in re.split(r"[-_/:. ]+", bare) if part]
    if len(parts) >= 2:
        return parts[0], parts[1]
    word = parts[0] if parts else ""
    for quote in QUOTES:
        if word.endswith(quote) and len(word) > len(quote):
            return word[: -len(quote)], quote
    return word, None


def _bases(base: str) -> tuple[str, ...]:
    named = COIN_NAMES.get(base.lower(), base)
    return (named, *_ALIASES.get(named, ()))


def _preferred(candidates: tuple[Instrument, ...], quote: str | None) -> Instrument | None:
    """The instrument of the wanted quote; any dollar stands for any other dollar."""
    if quote is not None and quote not in DOLLARS:
        return next((found for found in candidates if found.quote == quote), None)
    order = (quote, *DOLLARS) if quote else DOLLARS
    for wanted in order:
        for found in candidates:
            if found.quote == wanted:
                return found
    return candidates[0] if candidates and quote is None else None


def find(spelling: str, universe: Universe) -> Instrument | None:
    """The instrument that `spelling` means, None when the universe has none."""
    bare = _bare(spelling)
    whole = _bases(bare)  # a ticker may itself end like a quote: WBTC, STETH
    base, quote = _split(bare)
    readings = [(name, None) for name in whole] + [(name, quote) for name in _bases(base)]
    for name, wanted in readings:
        if found := _preferred(universe.by_base.get(name, ()), wanted):
            return found
    return None


def resolve(spelling: str, universe: Universe) -> Instrument:
    """The instrument of `BTCUSDT`, `btc/usdt`, `BTC-PERP`, `XBT`, `$btc`, `bitcoin` and the like.

    A dollar quote that the universe lacks (`BTCUSD`) stands for the one that it has. Raises
    UnknownSymbol with up to three suggestions.
    """
    if found := find(spelling, universe):
        return found
    raise UnknownSymbol(spelling.strip()[:40], suggestions(spelling, universe))


def suggestions(spelling: str, universe: Universe) -> tuple[str, ...]:
    """Up to three symbols of the universe that look like `spelling`, best first."""
    base, _ = _split(_bare(spelling)[:40])
    named = {name.upper(): symbol for name, symbol in COIN_NAMES.items()}
    known = {base: found[0].symbol for base, found in universe.by_base.items()}
    spellings = [*known, *(name for name, coin in named.items() if coin in known)]
    alike = 0.6 if len(base) <= _SHORT else 0.7
    close = get_close_matches(base, spellings, n=6, cutoff=alike)
    symbols = [known.get(name) or known[named[name]] for name in close]
    return tuple(dict.fromkeys(symbols))[:3]


# Base, price step, amount step: sensible steps for a universe without an exchange behind it.
_DEFAULTS = """
BTC 0.1 0.00001   ETH 0.01 0.0001   SOL 0.01 0.01     XRP 0.0001 0.1    BNB 0.01 0.001
ADA 0.0001 0.1    DOGE 0.00001 1    DOT 0.001 0.01    AVAX 0.01 0.01    LINK 0.001 0.01
MATIC 0.0001 0.1  LTC 0.01 0.001    BCH 0.01 0.001    ETC 0.001 0.01    TRX 0.00001 0.1
ATOM 0.001 0.01   NEAR 0.001 0.1    UNI 0.001 0.01    XLM 0.00001 1     XMR 0.01 0.001
FIL 0.001 0.01    APT 0.001 0.01    ARB 0.0001 0.1    OP 0.0001 0.1     INJ 0.001 0.01
TIA 0.0001 0.1    TON 0.001 0.01    SHIB 0.00000001 1 PEPE 0.00000001 1 WIF 0.0001 0.1
SUI 0.0001 0.1    SEI 0.0001 0.1    HBAR 0.00001 1    ALGO 0.0001 1     VET 0.00001 1
FTM 0.0001 1      SAND 0.0001 1     MANA 0.0001 1     AXS 0.001 0.01    AAVE 0.01 0.001
MKR 0.1 0.0001    CRV 0.0001 0.1    RUNE 0.001 0.1    KAS 0.00001 1     HYPE 0.001 0.01
WLD 0.001 0.1     FET 0.0001 1      RENDER 0.001 0.01 IMX 0.0001 0.1    STX 0.0001 0.1
XTZ 0.001 0.1     ZEC 0.01 0.001    DASH 0.01 0.001   IOTA 0.0001 1     CAKE 0.001 0.01
LDO 0.001 0.1     JUP 0.0001 0.1    LUNA 0.001 0.01   EOS 0.001 0.1     NEO 0.01 0.01
GALA 0.00001 1    ICP 0.001 0.01    GRT 0.0001 1      BONK 0.00000001 1 ORDI 0.001 0.01
TAO 0.01 0.001    ENA 0.0001 0.1    ONDO 0.0001 0.1   PYTH 0.0001 1     FLOKI 0.00000001 1
DYDX 0.001 0.1    COMP 0.01 0.001   SNX 0.001 0.1     APE 0.001 0.01    CHZ 0.00001 1
"""


def _default_instruments() -> tuple[Instrument, ...]:
    words = _DEFAULTS.split()
    rows = zip(words[::3], words[1::3], words[2::3], strict=True)
    return tuple(
        Instrument(
            symbol=f"{base}/USDT",
            base=base,
            quote="USDT",
            price_step=Decimal(price),
            amount_step=Decimal(amount),
            min_amount=Decimal(amount),
            min_cost=Decimal(5),
        )
        for base, price, amount in rows
    )


# For commands that run without a market.
DEFAULT_UNIVERSE = Universe(_default_instruments())
