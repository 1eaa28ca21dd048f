"""What traders write for prices, money and times: the other half of the lexicon."""

THINGS = {
    "price": """
        price | prices | close price | closing price | kurs | preis | precio | px | market price
        | price action | last price | current price | spot price
    """,
    "close": "close | kerzenschluss | schlusskurs | bar close | the close",
    "open": "open | opening price | open price | opens",
    "high": "high | highs | top",
    "low": "low | lows | tief",
    "highest": "highest | highest high | highest highs | highest close | highest price | max high",
    "lowest": "lowest | lowest low | lowest lows | lowest close | min low",
    "swing high": """
        swing high | recent high | recent highs | last swing high | previous swing high
        | local high | recent swing high | last high | prior high | previous high | local top
    """,
    "swing low": """
        swing low | recent low | recent lows | last swing low | previous swing low | local low
        | recent swing low | last low | prior low | previous low | local bottom
    """,
    "volume": "volume | vol | volumes | volumen | trading volume",
    "average": "average | avg | averages | normal | usual | durchschnitt | promedio",
    "candle": """
        candle | candles | bar | bars | candlestick | candlesticks | kerze | kerzen | vela | velas
        | candle's | candles' | sticks
    """,
    "period": "period | periods | length | er",
    "chart": """
        chart | charts | timeframe | time frame | tf | timeframes | interval | chart timeframe
    """,
    "yesterday": """
        yesterday's | yesterday | yesterdays | previous day | prev day | prior day | last day
        | previous day's | prior day's | prev day's | last day's | gestrigen | ayer | prev_day
    """,
    "last week": """
        last week | last week's | previous week | previous week's | prior week | prior week's
    """,
    "pdh": "pdh | pd high",
    "pdl": "pdl | pd low",
    "today": "today | today's | on day | heute | hoy | so far today",
    "one": "one | ones",
    "row": """
        in a row | in row | consecutive | straight | back to back | hintereinander | seguidas
        | consecutively | successive | sequential
    """,
    "last": """
        last | past | previous | prior | preceding | prev | letzten | vorherige | vorherigen
        | últimas | recent | latest
    """,
    "ago": "ago | earlier",
    "it": "it | that | this | which | they",
    "trend": "trend | bias | direction",
    "times": "times | x | fold | veces | mal",
    "twice": "twice | double | doubled",
    "triple": "triple | thrice | three times",
    "half": "half | halve | hälfte | mitad | one half",
    "third": "third | one third",
    "quarter": "quarter | one quarter",
    "rest": """
        let rest | rest run | let rest run | leave rest | keep rest | rest | remainder | remaining
        | rest of it | remaining half | other half | what's left | leftover | resto | balance at
        | runner | runners | second half | final half
    """,
    "all": "all | everything | whole | entire",
    "higher high": "higher high | higher highs | hh",
    "higher low": "higher low | higher lows | hl",
    "lower high": "lower high | lower highs | lh",
    "lower low": "lower low | lower lows | ll",
}

MONEY = {
    "stop": """
        stop | stops | stop loss | stoploss | stop losses | sl | s/l | stopp | hard stop
        | initial stop | protective stop | stop order | stop lose | stp | stop out | cut losses
        | cut loss | max loss | invalidation
    """,
    "target": """
        t | target | targets | take profit | takeprofit | take profits | tp | tps | t/p
        | profit target | price target | tgt | objective | goal | take my profit | taking profit
        | profit targets | objetivo | objectif | ziel | gewinnziel | profit | targeting | tgts
        | kursziel | take some profit
    """,
    "trail": """
        trail | trailing | trailing stop | trailing stop loss | trailing sl | trail stop | trails
        | trailing stoploss | trail it | trailing stops | trail my stop | trailing take profit
        | tsl | ts | trail sl | trial stop
    """,
    "breakeven": "breakeven | break even | b/e | break evn",
    "risk": "risk | risking | risks | riesgo | risiko | risk per trade",
    "rr": """
        risk reward | risk to reward | reward to risk | reward risk | rr | r/r | r:r | rrr
        | risk/reward | reward/risk | crv | risk:reward | risk reward ratio | rr ratio
        | reward ratio | risk to reward ratio | r r
    """,
    "leverage": "leverage | lev | levered | leveraged | hebel | apalancamiento",
    "margin": "isolated | cross margin | isolated margin | margin",
    "positions": """
        positions | position | open positions | concurrent positions | trades at once
        | trades open | positions open | concurrent trades | trades at a time
        | trades at same time | positions at once | positions at a time | simultaneous positions
        | simultaneous trades | posiciones | positionen | positions max
    """,
    "per trade": "per trade | each trade | every trade | per position | pro trade | por trade",
    "capital": """
        equity | account | capital | balance | portfolio | my account | of account | bankroll
        | wallet | funds | account balance | cuenta | konto
    """,
    "dollars": "usd | usdt | dollar | dollars | bucks | usdc | $ | dólares",
    "size": "size | position size | sizing | amount | stake | trade size | size of | order size",
    "percent": "% | percent | pct | prozent | por ciento | perc | per cent | percentage points",
    "r": "r | rs | x risk | times risk | risk units | r's",
}

TIMES = {
    "minute": "m | min | mins | minute | minutes | minuten | minuto | minutos",
    "hour": "h | hr | hrs | hour | hours | hourly | stunde | stunden | hora | horas | hs",
    "day": "d | day | days | daily | tag | tage | täglich | día | días | diario | day's | tages",
    "week": "w | wk | week | weeks | weekly | woche | wochen | semana | wöchentlich",
    "month": "month | months | monthly | monat | mes | quarterly | year | years | yearly | annual",
    "second": "s | sec | secs | second | seconds",
    "session": "session | sessions | hours only | trading hours | open hours | session hours",
    "weekdays": """
        weekdays | weekday | week days | business days | working days | workdays | weekdays only
    """,
    "weekend": "weekend | weekends | wochenende | fin de semana",
    "only": "only | solely | exclusively | strictly | nur | solo | just",
    "in": "in | during | durante | während",
    "at": "at | around | near | bei | circa | approximately",
    "mon": "mon | monday | mondays | lunes | montag",
    "tue": "tue | tues | tuesday | tuesdays | martes | dienstag",
    "wed": "wed | weds | wednesday | wednesdays | miércoles | mittwoch",
    "thu": "thu | thur | thurs | thursday | thursdays | jueves | donnerstag",
    "fri": "fri | friday | fridays | viernes | freitag",
    "sat": "sat | saturday | saturdays | sábado | samstag",
    "sun": "sun | sunday | sundays | domingo | sonntag",
    "am": "am | a.m.",
    "pm": "pm | p.m.",
    "to": "to | bis | hasta | through to",
}
