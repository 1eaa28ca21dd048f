"""The words of signals as tables: what each phrase means; other languages are in `languages`."""

import re
from collections.abc import Iterator
from enum import StrEnum

from agents.signals.reading.languages import COINS, LANGUAGES
from agents.signals.reading.spelling import plain


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _folded(text: str) -> frozenset[str]:
    return frozenset(plain(text).lower().split())


class Word(StrEnum):
    """What a phrase means to the reader."""

    ENTRY = "entry"
    TARGET = "target"  # one, perhaps with its number
    TARGETS = "targets"  # a list
    STOP = "stop"
    LEVERAGE = "leverage"
    PAIR = "pair"
    DIRECTION = "direction"
    IGNORED = "ignored"  # a label whose numbers are no levels
    PRICE = "price"  # an entry where no other is named
    TRAILING = "trailing"  # the rest of the line says how to manage the trade
    EXTRA = "extra"  # a level that has no place in a reading, as a second chance to enter
    LONG = "long"
    SHORT = "short"
    NOW = "now"
    FILLER = "filler"
    NOTHING_SAID = "nothing said"  # looks like a word of trade and is none
    HIT = "hit"
    MISSED = "missed"  # the sign of what went wrong, or of a stop
    MOVE = "move"
    TO = "to"
    CLOSE = "close"
    HALF = "half"
    PART = "part"
    TAKE = "take"
    ALL = "all"
    CANCEL = "cancel"
    EVEN = "even"
    ENTERED = "entered"
    STOPPED = "stopped"
    NEW = "new"
    IF = "if"
    NOT = "not"
    TRADE = "trade"
    GAIN = "gain"
    PAST = "past"


_PHRASES: dict[Word, str] = {
    Word.TO: "to; to the; to your; to our",
    Word.ENTRY: """
        entry; entries; ent; entry price; entry prices; entry zone; entry zones; entry target;
        entry targets; entry point; entry points; entry range; entry level; entry levels;
        entry area; entry order; entry orders; entry at; entry around; entry between; enter;
        enter at; enter between; enter zone; entering; open price; entry limit; limit entry; ep;
        accumulate; accumulation zone; entrys; take entry; entry position; entry price range;
        entry price zone; entry region
    """,
    Word.TARGET: """
        target; tp; tp target; take profit; takeprofit; profit target; target price; tgt; tg; goal;
        t p; take profit target; take profit point; tp point; target point; tp price; profit goal;
        take profits at; exit target
    """,
    Word.TARGETS: """
        targets; tps; tp levels; tp level; target levels; take profits; take profit targets;
        take profit levels; take profit zone; takeprofits; profit targets; target prices; tgts; tgs;
        goals; sell targets; sell target; exit targets; selling targets; sell zone targets;
        short term targets; tp targets; tp zone; profit taking levels; take profit orders;
        target zone; target zones
    """,
    Word.STOP: """
        stop; stop loss; stoploss; stp; stop losses; stops; sl; s l; stop target; stop targets;
        stop price; stop level; stop at; invalidation; invalidation level; sl price; sl at;
        sl zone; sl point; stop point; safety stop loss; safety stop; hard stop; hard sl; cut loss;
        cutloss; stop loss order; stop loss zone; stop loss level; stop loss price; stop loss point;
        stop lose; stoplose; s loss
    """,
    Word.LEVERAGE: """
        leverage; leverages; lev; cross; isolated; isolate; cross leverage; isolated leverage;
        recommended leverage; max leverage; use leverage; suggested leverage; leverage type;
        levrage; laverage
    """,
    Word.PAIR: """
        coin; pair; symbol; coin name; pair name; trading pair; instrument; asset; ticker; name;
        currency; token; pairs; currency pair; forex pair; crypto pair; coin pair
    """,
    Word.DIRECTION: """
        direction; side; signal type; trade type; order type; position type; my opinion; type;
        action; bias; trade direction; entry type; setup type; signal direction
    """,
    Word.IGNORED: """
        risk; risks; risk setting; our risk setting; my risk setting; risk reward; risk ratio;
        risk reward ratio; reward; rr; rrr; r r; rr ratio; r r r; wallet; wallet size; size;
        position size; lot; lots; lot size; amount; volume; quantity; qty; capital; deposit;
        margin; portfolio; balance; fund; funds; use; exchange; exchanges; client; signal id; id;
        trade id; order id; date; time; timeframe; time frame; tf; duration; posted; published by;
        accuracy; confidence; probability; score; success rate; win rate; winrate; ote; support;
        resistance; supports; resistances; current price; price now; last price; market cap;
        mark price; ath; atl; rsi; ema; sma; macd; vwap; ma; fib; valid; expires; expiry; pips;
        strategy; strategy name; channel; trend line; trendline; signal no; signal number;
        trade no; rank; change; cost; fee; fees; spread; period; amount per trade; margin mode;
        expected profit; potential profit; open rate; current rate; vol; funding; funding rate;
        open interest; liquidation; liquidation price; liq price; entry time;
        potential loss; max loss
    """,
    Word.TRAILING: """
        trailing configuration; trailing stop; trailing; trigger; trail; trailing config;
        activation; move to breakeven
    """,
    Word.EXTRA: """
        dca; re entry; reentry; second entry; add more; average; dca zone; averaging; rebuy;
        re enter; hedge; accumulate more
    """,
    Word.LONG: """
        long; buy; buying; longs; longing; long signal; buy signal; going long; go long;
        long position; bullish; buy setup; long setup; long trade
    """,
    Word.SHORT: """
        short; sell; selling; shorts; shorting; short signal; sell signal; going short; go short;
        short position; bearish; sell setup; short setup; short trade
    """,
    Word.NOW: """
        now; market; market price; at market; market order; market execution; instant execution;
        instant; cmp; current market price; immediately; at cmp; by market; on market;
        current price entry; now now; cmp price; market entry
    """,
    Word.FILLER: """
        at; around; approx; approximately; about; near; nearby; from; between; zone; zones; range;
        price; prices; area; level; levels; limit; limits; order; orders; in; usdt; usd; usdc;
        busd; signal; signals; the; a; of; is; for; on; with; by; below; under; above; over; or;
        here; and; to; our; my; your; we; we're; we are; short term; mid term; long term; midterm;
        shortterm; longterm; medium term; short mid term; mid; first; second; third; last; final;
        fourth; open; hold; moon; spot; futures; future; perpetual; perp; swing; scalp;
        scalping; intraday; intra day; day; pos; pick; up; down; runner; unlimited;
        free; vip; premium; regular; solid break; max; min; each; either; only; max lev; crypto;
        pending;
        trade idea; half size; binance; bybit; okx; okex; kucoin; bitget; bingx; mexc; bitmex;
        huobi; htx; gate io; phemex; bitfinex; deribit; coinex; again; please; point;
        due to opposite direction signal; due to opposite direction
    """,
    Word.NOTHING_SAID: """
        short squeeze; long squeeze; long time; long way; as long as; so long; not long; long run;
        long ago; in short; short of; shortly; sell off; selloff; sell volume; selling volume;
        selling pressure; buying pressure; buy pressure; sell pressure; buy wall; sell wall;
        buy back; buyback; buy volume; buying volume; don't buy; don't sell; don't short;
        don't long; do not buy; do not sell; do not long; do not short; never buy; never sell;
        short sellers; short seller; no longer; all day long; long lasting; long standing;
        long-term holders; long positions; short positions; non stop; one stop; stop by;
        stop trading; stop asking; can't stop; won't stop; short break; short video; short list;
        long weekend; market maker; market makers; market update; market cap; market analysis;
        market structure; bear market; bull market; stock market; the market; will close;
        close below; close above; closes below; closes above; closed below; closed above;
        candle close; daily close; hourly close; candle closes; close to; so close; close pending;
        closing price; weekly close; monthly close; close in; price target; still active;
        still valid; still open;
        price targets; target audience; stop order; closing in
    """,
    Word.HIT: """
        hit; hits; hitted; reached; reach; done; achieved; completed; complete; smashed; destroyed;
        touched; cleared; booked; fulfilled; crushed; taken; finished; got hit; blown up; blasted;
        filled; nailed; tagged; secured; all done
    """,
    Word.MOVE: """
        move; moved; moving; set; put; bring; shift; shifted; raise; trail; adjust; adjusted;
        change; changed; update; updated; place; secure; lower; modify; drag; tighten; pull
    """,
    Word.CLOSE: """
        close; closed; closing; exit; exited; close out; close trade; close the trade; get out;
        take out; cut; we are out; we're out; i am out; i'm out
    """,
    Word.HALF: "half; half of; half of the",
    Word.PART: """
        partial; partials; partially; some; part; part of; some profit; some profits;
        partial profit; partial profits; take some
    """,
    Word.TAKE: "take; take off; lock; lock in",
    Word.ALL: "all; everything; every; full; fully; completely; both; whole",
    Word.CANCEL: """
        cancel; cancelled; canceled; cancelling; canceling; delete; deleted; invalid; invalidated;
        ignore this; ignore the signal; ignore this signal; ignore last signal;
        void; voided; expired; abort; aborted; ignore this trade; no longer valid; not valid anymore
    """,
    Word.EVEN: """
        be; breakeven; break even; b e; entry; entries; entry price; entry point; entry level;
        risk free; riskfree; break-even; breakevens; bep
    """,
    Word.ENTERED: """
        triggered; activated; active; entry hit; entry filled; order filled; got filled;
        entry reached; entry triggered; entered; limit filled; filled at;
        limit order filled; orders filled; limit hit
    """,
    Word.STOPPED: """
        stopped out; stopped; closed at stoploss; closed at stop; closed at stop loss;
        closed at sl; stop hit; stop out; sl hit; hit sl; hit stop; hit stop loss;
        hit the stop; hit our stop; hit the sl; stop loss hit; stoploss hit; sl reached;
        stop loss reached; sl triggered; stop loss triggered; sl done; stop triggered;
        stop loss was hit; sl was hit; stop was hit; stop got hit; sl got hit; hit our sl;
        hit my stop; sl taken; stop taken; took the stop; stop loss got hit
    """,
    Word.NEW: "new; updated; revised",
    Word.IF: """
        if; when; once; after; until; unless; whenever; as soon as; in case; upon; before
    """,
    Word.NOT: """
        not; no; don't; dont; do not; never; didn't; yet; not yet; almost; nearly; soon; about to;
        will; going to; gonna; waiting for; wait for; should; hopefully; expecting; isn't; hasn't
    """,
    Word.TRADE: """
        trade; trades; position; positions; deal; this; it; them; here; setup; order; remaining;
        rest; the rest; the trade; this trade; the position; this position
    """,
    Word.GAIN: """
        profit; profits; pip; gain; gains; roi; roe; in profit; profit made; loss of
    """,
    Word.PAST: """
        made; gained; earned; yesterday; week; weekly; month; monthly; results; result; recap;
        summary; performance; report; members; join; subscribe; joined; bought; sold; analyst;
        analysts; says; said; according; could; would; might; forecast; prediction; predicts;
        news; congratulations; testimonials; missed; last week; today's results; giveaway; price
        analysis; whales; why; should you; how
    """,
}

# A short label counts only with a colon or a digit right behind: "E: 185.9", "T1 4565".
LETTERS: dict[str, Word] = {
    "e": Word.ENTRY, "t": Word.TARGET, "en": Word.ENTRY, "ek": Word.ENTRY, "ez": Word.ENTRY,
}  # fmt: skip
# At the begin of a line and with a colon these are labels: "Price: 91.85", "Take: 95".
HEADS: dict[str, Word] = {
    **dict.fromkeys(
        _folded("at price rate open fiyat precio preço цена kurs prix prezzo قیمت السعر 价格 가격"),
        Word.PRICE,
    ),
    "take": Word.TARGET,
}

UNITS: dict[str, str] = {
    "%": "%", "x": "x", "k": "k",
    **dict.fromkeys(_words("pips pip points pts ticks rr r"), "pips"),
    **dict.fromkeys(
        _words("m h d w min mins minute minutes hr hrs hour hours day days week weeks month months"
        " st nd rd th sec secs seconds years year am pm"),
        "time",
    ),
    **dict.fromkeys(_words("percent درصد процентов pct"), "%"),
    **dict.fromkeys(_folded("пункт пункта пунктов пипсов пипс points punkte"), "pips"),
    **dict.fromkeys(_folded("мин минут час часа часов ч dakika saat horas minutos"), "time"),
    **dict.fromkeys(("倍", "배", "х"), "x"),
    **dict.fromkeys(_words("million billion mln bn trillion mn"), "amount"),
}  # fmt: skip
ONLY_ATTACHED = frozenset({"k", "m", "h", "d", "w", "r", "st", "nd", "rd", "th"})

TICKS = frozenset("✅☑✔")
TARGET_SIGNS = frozenset("🎯")
STOP_SIGNS = frozenset("🛑⛔")
CROSSES = frozenset("❌✖✗✘❎")
LONG_SIGNS = frozenset("🟢📈🔼⬆🐂")
SHORT_SIGNS = frozenset("🔴📉🔽⬇🐻")

# Words that are nothing to the table above, and show a rule to be watched instead of a signal.
RULE_WORDS = _words(
    "crosses crossing crossed rsi ema sma macd candle candles closes bollinger vwap oversold"
    " overbought whenever drops rises breakout indicator green red volume lowest highest golden"
)

# Words of a whole signal that is none to act on, and what they show.
HEARSAY: dict[str, str] = {
    **dict.fromkeys(
        _folded(
            "example examples sample template demo tutorial backtest backtested hypothetical"
            " simulation пример مثال ejemplo exemplo örnek beispiel exemple"
        ),
        "it may be an example",
    ),
    **dict.fromkeys(
        _words("analyst analysts says said according forecast predicts prediction"),
        "it may tell what others say",
    ),
    **dict.fromkeys(
        _folded("result results outcome pnl missed recap resultado resultados результат"),
        "it may tell what has been",
    ),
    **dict.fromkeys(_words("grid martingale"), "it may be the setting of a bot"),
    **dict.fromkeys(_words("not don't dont never"), "it may say what not to do"),
}
NEGATIVES = _words("not don't dont never")

# What is traded elsewhere, by its names.
ELSEWHERE: dict[str, str] = {
    "gold": "XAUUSD", "xau": "XAUUSD", "silver": "XAGUSD", "xag": "XAGUSD", "oil": "USOIL",
    "usoil": "USOIL", "ukoil": "UKOIL", "wti": "USOIL", "crude": "USOIL", "nasdaq": "NAS100",
    "dow": "US30", "طلا": "XAUUSD", "золото": "XAUUSD", "انس": "XAUUSD", "altın": "XAUUSD",
    "dax": "GER40", "spx": "SPX500", "nas": "NAS100",
}  # fmt: skip

NAMES: dict[str, str] = {plain(name): coin for name, coin in COINS.items()}

# Tickers that are English words: only with a cashtag, a quote or a label are they coins.
ORDINARY = _words(
    "ONE ID OP NOT NEAR ME GAS FUN WIN ACT HIGH TRUE REAL KEY GO MASK SUPER FOR BE LINK SAND"
    " APE COMP DASH GALA SUN JOE HOT MOVE SAFE TRADE VIP PEOPLE ALL NOW FREE STOP TP SL R S"
    " T A BOND PUMP CAT DOG LAYER ACE FLOW MAKER RENDER CURVE RARE ROSE SPELL FIRE RAY"
)


def _phrases() -> Iterator[tuple[Word, str]]:
    named = [(Word(name), said) for language in LANGUAGES for name, said in language.items()]
    for meaning, phrases in (*_PHRASES.items(), *named):
        yield from ((meaning, phrase) for phrase in phrases.split(";") if phrase.strip())


def _table() -> dict[str, list[tuple[tuple[str, ...], Word]]]:
    """Phrases by their first word, the longest first; a meaning named earlier wins."""
    table: dict[str, dict[tuple[str, ...], Word]] = {}
    for meaning, phrase in _phrases():
        said = tuple(re.split(r"[-\s]+", plain(phrase).lower().strip()))
        table.setdefault(said[0], {}).setdefault(said, meaning)
    return {
        first: sorted(found.items(), key=lambda row: -len(row[0])) for first, found in table.items()
    }


PHRASES = _table()
VOCABULARY = frozenset(
    word for rows in PHRASES.values() for said, _ in rows for word in said if len(word) > 1
)
# Of scripts that put no spaces between words: these are cut out of a run of signs.
_BETWEEN = re.compile("[\u3040-\u30ff\u3400-\u9fff]")
WRITTEN_TOGETHER = frozenset(
    word for word in (*VOCABULARY, *NAMES, *PHRASES, *UNITS) if _BETWEEN.search(word)
)
_LABELLING = (Word.LONG, Word.SHORT, Word.ENTRY, Word.TARGET, Word.TARGETS, Word.STOP)
# A hashtag of these is no coin: "#SHORT", "#TP1".
LABELS = frozenset(
    first
    for first, rows in PHRASES.items()
    for said, meaning in rows
    if len(said) == 1 and len(first) > 1 and first.isascii() and meaning in _LABELLING
)
# Of these a word may be glued together where line breaks were lost.
GLUED = _words(
    "long short buy sell leverage entry entries target targets stoploss stop loss sl tp take"
    " profit takeprofit signal pair coin cross isolated x usdt zone price now limit market"
)
