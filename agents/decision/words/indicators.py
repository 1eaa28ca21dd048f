"""The catalogue's indicators as traders spell them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Family:
    """How an indicator is written in rules and what its values are.

    `default` are the parameters when none is said, empty where a period must be said. `outputs`
    maps words of the grammar to the output's name, the first being the usual one. `scale` says
    what values live on: `price`, `percent100` (0 to 100), `minus100` (-100 to 0), `zero` (around
    zero), `volume` or `free`.
    """

    name: str
    default: tuple[str, ...] = ()
    outputs: tuple[tuple[str, str], ...] = ()
    scale: str = "price"
    needs_period: bool = False


_K_D = (("k", "k"), ("d", "d"))
_BANDS = (
    ("upper", "upper"), ("middle", "middle"), ("lower", "lower"), ("high", "upper"),
    ("low", "lower"), ("width", "width"),
)  # fmt: skip

FAMILIES: dict[str, Family] = {
    "ema": Family("ema", needs_period=True),
    "sma": Family("sma", needs_period=True),
    "ma": Family("sma", needs_period=True),
    "wma": Family("wma", needs_period=True),
    "hma": Family("hma", needs_period=True),
    "rsi": Family("rsi", ("14",), scale="percent100"),
    "macd": Family(
        "macd", ("12", "26", "9"),
        (("line", "line"), ("signal", "signal"), ("hist", "hist")), "zero",
    ),
    "bb": Family("bb", ("20", "2"), _BANDS),
    "atr": Family("atr", ("14",), scale="free"),
    "natr": Family("natr", ("14",), scale="free"),
    "adx": Family("adx", ("14",), (("plus", "plus"), ("minus", "minus")), "strength"),
    "stoch": Family("stoch", ("14", "3", "3"), _K_D, "percent100"),
    "stochrsi": Family("stochrsi", ("14", "14", "3", "3"), _K_D, "percent100"),
    "cci": Family("cci", ("20",), scale="zero"),
    "mfi": Family("mfi", ("14",), scale="percent100"),
    "willr": Family("willr", ("14",), scale="minus100"),
    "roc": Family("roc", ("10",), scale="zero"),
    "obv": Family("obv", scale="volume"),
    "cmf": Family("cmf", ("20",), scale="zero"),
    "donchian": Family("donchian", ("20",), _BANDS[:5]),
    "keltner": Family("keltner", ("20", "2"), _BANDS[:5]),
    "supertrend": Family(
        "supertrend", ("10", "3"), (("line", "line"), ("direction", "direction"))
    ),
    "ichimoku": Family(
        "ichimoku", ("9", "26", "52"),
        (("tenkan", "tenkan"), ("kijun", "kijun"), ("span a", "span_a"), ("span b", "span_b")),
    ),
    "psar": Family("psar"),
    "vwap": Family("vwap"),
    "rvol": Family("rvol", ("20",), scale="ratio"),
}  # fmt: skip

# Outputs that a comparison means when none is said.
USUAL_OUTPUT = {
    "macd": "line", "bb": "middle", "stoch": "k", "stochrsi": "k", "donchian": "middle",
    "keltner": "middle", "supertrend": "line", "ichimoku": "kijun",
}  # fmt: skip

INDICATOR_PHRASES: dict[str, str] = {
    "ema": """
        ema | emas | exponential moving average | exponential ma | expma | ema's | ema line
        | exponential moving averages | exp moving average | media móvil exponencial
    """,
    "sma": "sma | smas | simple moving average | simple ma | simple moving averages | sma line",
    "ma": """
        ma | mas | moving average | moving averages | ma's | ma line | mov avg | media móvil
        | gleitender durchschnitt | moving avg
    """,
    "wma": "wma | weighted moving average | weighted ma",
    "hma": "hma | hull | hull ma | hull moving average",
    "rsi": """
        rsi | relative strength index | rsi value | rsi indicator | rsi line | rsi reading | rsi's
    """,
    "macd": "macd | macd indicator | macd's | macd line",
    "bb": """
        bb | bbs | bollinger | bollinger band | bollinger bands | bollingers | bband | bbands
        | boll | bolls | bb band | bb bands | bb's | bollingerband | bollingerbands | boll band
        | boll bands | bollinger's
    """,
    "atr": "atr | atrs | average true range | atr's | true range",
    "natr": "natr | normalized atr | atr percent | atr % | normalised atr",
    "adx": "adx | average directional index | adx value | directional index",
    "plus di": "+ di | di + | di plus | plus di | positive di | +di",
    "minus di": "- di | di - | di minus | minus di | negative di | -di",
    "stoch": """
        stoch | stochastic | stochastics | sto | stochs | stochastic oscillator | slow stochastic
    """,
    "stochrsi": "stochrsi | stoch rsi | stochastic rsi | srsi | rsi stochastic | stochrsi's",
    "cci": "cci | commodity channel index",
    "mfi": "mfi | money flow index | money flow",
    "willr": """
        willr | williams % r | williams r | williams | wpr | % r | w % r | will r | william's % r
        | williams percent r | williams %r
    """,
    "roc": "roc | rate of change",
    "obv": "obv | on balance volume",
    "cmf": "cmf | chaikin money flow | chaikin",
    "donchian": "donchian | donchian channel | donchian channels | dc | donchian's",
    "keltner": "keltner | keltner channel | keltner channels | kc | keltners",
    "supertrend": """
        supertrend | super trend | supertrend line | supertrend indicator | supertrend's
    """,
    "ichimoku": "ichimoku | ichi | ichimoku indicator",
    "tenkan": "tenkan | tenkan sen | conversion line | tenkan_sen | tenkan line | tenkansen",
    "kijun": "kijun | kijun sen | base line | kijun_sen | kijun line | kijunsen",
    "cloud": "cloud | kumo | ichimoku cloud | ichi cloud",
    "span a": "span a | senkou a | senkou span a | span_a | leading span a",
    "span b": "span b | senkou b | senkou span b | span_b | leading span b",
    "psar": "psar | parabolic sar | sar | parabolic sar dots | sar dots",
    "vwap": "vwap | volume weighted average price | vwap line",
    "rvol": "rvol | relative volume | rel vol | relative vol | volume ratio",
    "upper": """
        upper | upper band | upper channel | upper line | top band | upper bound | oberes | obere
        | upper boundary
    """,
    "lower": """
        lower | lower band | lower channel | lower line | bottom band | lower bound | unteres
        | lower boundary | bottom | untere
    """,
    "middle": """
        middle | mid | midline | middle line | basis | middle band | mid band | median line
        | center line | centre line | mittlere | midband | mean line | centerline | mid line
    """,
    "band": "band | bands | channel | channels",
    "hist": "hist | histogram | histo | histograms | histogramm | histograma",
    "signal": "signal | signal line | sig line | señal",
    "line": "line | lines",
    "width": "width | bandwidth | band width",
    "direction": "supertrend direction",
    "change": "change | price change | percent change | % change | pct change",
    "body": "body | candle body | bar body",
    "range": "range | candle range | bar range",
    "wick": "wick | wicks | shadow | tail",
}
