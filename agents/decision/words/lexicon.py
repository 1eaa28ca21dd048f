"""What traders write, gathered under the word that the reader's grammar knows.

Each row is `label: spelling | spelling | ...`. Spellings are lower case, of one or more words,
without articles; a hyphen between letters counts as a space. The longest spelling wins.
"""

_ACTIONS = {
    "long": """
        long | longs | go long | going long | goes long | enter long | open long | | long position
        | long positions | long trade | long trades | long setup | long it | long side
        | enter longs | largo | take long | bullish entry | lng
    """,
    "short": """
        short | shorts | go short | going short | goes short | enter short | open short
        | sell short | short sell | shorting | short position | short positions | short trade
        | short trades | short setup | short it | short side | short selling | selling short
        | enter shorts | corto | take short | bearish entry | shrt
    """,
    "fade": "fade | fading | fades",
    "buy": """
        buy | buys | buying | bought | accumulate | purchase | compra | comprar | compre | kauf
        | kaufe | ape in | ape | achète | acheter | achete | achetez | scoop | buy in | byu | bid
    """,
    "sell": """
        vends | vendre | sell | sells | selling | sold | vende | vender | venta | verkaufe
        | verkaufen | verkauf
    """,
    "exit": """
        exit | exits | exiting | get out | getting out | close position | close trade | close it
        | close out | close positions | close trades | flatten | bail | bail out | exit position
        | exit trade | exit it | sell it | close everything | out when | salir | sal
        | cierra posición | aussteigen | ausstieg | get me out | cash out | take profits when
        | take profit when | tp when | sell everything | sell all | exit when | close when
        | close if | exit if | exit once | close once | out if | dump it | dump position
    """,
    "exit long": """
        exit long | exit longs | close long | close longs | sell long | sell longs
        | exit long position | close long position | exit buy | long exit
    """,
    "exit short": """
        exit short | exit shorts | close short | close shorts | cover | covers | cover short
        | cover shorts | covering | buy back | buyback | buy to cover | short exit
        | exit short position | close short position | cover it | exit sell
    """,
    "enter": """
        enter | enters | entering | get in | getting in | open position | open trade | take trade
        | take trades | open trades | einsteigen | einstieg | entrar | entra | take position
        | initiate | jump in | hop in
    """,
    "entry": "entry | entries | entry zone | entry price | buy zone | entry range | entry level",
    "flip": "flip | flips | reverse | stop and reverse | flip flop | always in market",
    "both": """
        both ways | both directions | both sides | long and short | long or short | long & short
        | long / short | either way | either direction | either side | both | longs and shorts
        | in both directions | short and long
    """,
    "only long": """
        only long | only longs | long only | longs only | no shorts | no short | no shorting
        | don't short | dont short | never short | nur long | solo largos | only buy | only buys
    """,
    "only short": """
        only short | only shorts | short only | shorts only | no longs | no long | never long
        | don't long | dont long | nur short
    """,
    "mirror": """
        vice versa | viceversa | vice-versa | opposite | opposites | mirror | mirrored | reversed
        | inverse | inverted | other way around | other way round | umgekehrt | al revés
        | conversely | exact opposite | reverse logic | reverse rules
    """,
}

_JOINTS = {
    "when": """
        when | iff | if | whenever | as soon as | as long as | while | provided | provided that
        | in case | every time | each time | where | assuming | given | wen | whn | once | wenn
        | quand | lorsque | cuando | sobald | si | on condition that | anytime | any time
        | until after
    """,
    "only when": "only if | only when | but only if | but only when | nur wenn | only while",
    "and": """
        and | & | n | et | but | plus | as well as | along with | together with | combined with
        | und | y | adn | also | additionally | confirmed by | confirmation from | and also
        | confirmation of
    """,
    "with": "with | w/ | mit | con",
    "on": "on | auf | upon | im",
    "or": "or | | | oder | or else | or if | or when",
    "not": "not | isn't | isnt | doesn't | doesnt | aren't | hasn't | ain't | nicht",
    "no": """
        no | without | w/o | never | avoid | skip | exclude | excluding | kein | keine | sin
        | ohne
    """,
    "dont": "don't | dont | do not | must not | should not | shouldn't | won't | never trade",
    "unless": "unless | except when | except if",
    "except": "except | besides | other than | apart from | außer",
    "then": "then | , then | -> | thereafter | afterwards | dann | entonces",
    "after": "after | nach | después de | tras | following",
    "before": "before | vor | antes de | prior to",
    "until": "until | till | bis zu",
}

_COMPARISONS = {
    "above": """
        above | over | ovr | greater than | more than | higher than | bigger than | larger than
        | exceeds | exceed | exceeding | north of | stronger than | > | abv | über | oberhalb
        | por encima de | encima de | greater | beyond | on top of | in excess of | mayor que
        | mayor a | ueber | au dessus | dessus
    """,
    "below": """
        below | under | less than | lower than | smaller than | fewer than | beneath | underneath
        | south of | weaker than | < | sub | blw | unter | unterhalb | por debajo de | debajo de
        | menor que | menor a | bajo | sous | en dessous | dessous
    """,
    "at least": """
        at least | no less than | not less than | minimum | >= | greater than or equal to
        | above or equal to | greater or equal to | equal or above | mindestens | al menos
        | above or at | at or above
    """,
    "at most": """
        at most | no more than | not more than | <= | less than or equal to | below or equal to
        | less or equal to | equal or below | höchstens | como máximo | below or at | at or below
        | not exceeding
    """,
    "max": "max | maximum | maximal | up to | máximo",
    "between": "between | within range | in between | zwischen | entre | ranging from",
    "=": "= | equals | equal to | equal | exactly",
    "cross": """
        cross | crosses | croses | crsses | crossing | crossed | cuts | cut | cruza | kreuzt
        | croise | intersects | intersect
    """,
    "crossover": """
        crossover | crossovers | cross over signal | xover | crossunder | cross under signal
    """,
    "break": """
        break | breaks | breaking | broke | broken | pierces | pierce | smashes | takes out
        | take out | clears | taking out | breach | breaches | penetrates | bricht | rompe | brk
    """,
    "breakout": """
        breakout | breakouts | breaks out | break out | breaking out | broke out | ausbruch
    """,
    "breakdown": "breakdown | breaks down | break down | breaking down | broke down",
    "reclaim": "reclaim | reclaims | reclaiming | retake | retakes | recover | recovers | regains",
    "lose": "lose | loses | losing | lost",
    "rise": """
        rises | rise | climbs | climb | jumps | jump | pushes | push | pops | pop | spikes | spike
        | surges | surge | rallies | rally | pumps | pump | gains | gain | rallying | rose
        | pumped | pumping | steigt | sube | increases | increase | up by | mooning | moons
        | soars | is up by | rips | rip
    """,
    "fall": """
        drops | drop | dropped | falls | fall | fell | dips | dip | dipped | sinks | sink | slips
        | slip | dumps | dump | crashes | crash | declines | decline | tanks | tank | plunges
        | plunge | fällt | cae | baja | decreases | decrease | down by | slides | slide | retraces
        | pulls back | pull back | dumped | dumping | sheds | nukes | corrects
    """,
    "move": """
        goes | go | moves | move | gets | get | comes | come | trades | trade | trading | makes
        | make | prints | print | posts | pokes | poke | runs | run | ticks | tick | heads | head
        | making | moving | going | printing | sets | set | puts in | put in | hit new | steps
    """,
    "turn": """
        turns | turn | flips to | turning | turned | switches | switch | becomes | become
        | turns to
    """,
    "rising": """
        rising | increasing | sloping up | sloping upward | pointing up | growing | climbing
        | trending up | going up | upward sloping | sloping upwards | steigend | subiendo
        | sloped up | ascending | moving up
    """,
    "falling": """
        falling | decreasing | sloping down | sloping downward | pointing down | dropping
        | declining | shrinking | trending down | going down | downward sloping
        | sloping downwards | fallend | bajando | sloped down | descending | moving down
    """,
    "closes": "closes | closed | closing | schließt | schliesst | cierra | cierre | close back",
    "touch": """
        pullback to | pullbacks to | pull back to | pulls back to | pulling back to | dips to
        | dip to | retraces to | retracement to | comes back to | returns to | falls back to
        | drops back to | pulls back into | pullback into | pullback | pullbacks | retest of
        | touch | touches | touching | touched | tests | test | taps | tap | tags | retests
        | retest | kisses | tagging | testing
    """,
    "hit": """
        hits | hit | reaches | reach | reached | hitting | gets to | comes to | trades at
        | drops to | falls to | rises to | gets down to | climbs to
    """,
    "bounce": """
        bounce | bounces | bouncing | bounced | bounces off | bounce off | bouncing off
        | bounce from | bounces from | rebounds | rebounds from | rejects off lower
    """,
    "reject": """
        rejects | reject | rejected | rejection | gets rejected | rejected at | rejected from
        | rejects from | rejection at | rejection from | rejects at
    """,
    "sweep": """
        sweeps | sweep | swept | wicks below | wicks under | wicks above | wicks through | raids
        | liquidity grab below | stop hunt below | runs stops below
    """,
    "or more": "or more | or higher | or above | or greater | or over | or better",
    "or less": "or less | or lower | or below | or under | or fewer",
    "back": "back | again | back up | back down",
    "through": "through | thru | into",
    "inside": "inside | within | innerhalb",
    "outside": "outside | outside of",
    "is": """
        is | est | are | was | were | stays | stay | remains | remain | holds | hold | holding
        | sits | sit | sitting | be | being | been | has | reads | ist | liegt | es | está | esté
        | esta | steht | keeps | staying | it's | being at | looks to be | must be | needs to be
        | has to be | should be | that's
    """,
}

_QUALITIES = {
    "up": "up | upward | upwards | to upside | upside | from below | arriba | hoch",
    "down": "down | downward | downwards | to downside | downside | from above | runter",
    "bullish": "bullish | bullishly | bull | alcista | bulls | bullisch",
    "bearish": "bearish | bearishly | bear | bajista | bears | bärisch",
    "positive": "positive | positiv | positivo",
    "negative": "negative | negativ | negativo",
    "oversold": "oversold | over sold | overs old | überverkauft | sobrevendido",
    "overbought": "overbought | over bought | überkauft | sobrecomprado",
    "uptrend": """
        uptrend | up trend | upward trend | bullish trend | bull trend | uptrending | trend is up
        | trend up | trend is bullish | trend bullish | in uptrend | trending higher
        | aufwärtstrend | tendencia alcista | bull market
    """,
    "downtrend": """
        downtrend | down trend | downward trend | bearish trend | bear trend | trend is down
        | trend down | trend is bearish | trend bearish | in downtrend | abwärtstrend
        | tendencia bajista | bear market
    """,
    "golden cross": "golden cross | golden crossover | goldencross | cruce dorado | golden x",
    "death cross": "death cross | death crossover | deathcross | dead cross | cruce de muerte",
    "strong": "strong | elevated | big | heavy | large | huge | increased | above normal",
    "weak": "weak | small | thin | light",
    "green": "green | bullish candle | up candle | grüne | verde | verdes | grün",
    "red": "red | bearish candle | down candle | rote | roja | rojas | rot",
    "engulfing": "engulfing | engulf | engulfs | engulfing candle | engulfing bar",
    "inside bar": "inside bar | inside candle | insidebar | inside day",
    "outside bar": "outside bar | outside candle | outside day",
    "leaves": """
        exits oversold | leaves oversold | out oversold | comes out oversold | exits overbought
        | leaves overbought | out overbought | comes out overbought | exit oversold
        | exit overbought | exiting oversold | exiting overbought | leaving oversold
        | leaving overbought | moves out oversold | moves out overbought | recovers from oversold
    """,
    "by": "by | um | por",
    "doji": "doji | dojis",
    "divergence": "divergence | divergences | diverges | divergencia | divergenz | diverging",
    "squeeze": "squeeze | squeezes | squeezing",
    "new": "new | fresh | neues",
    "spike": """
        volume spike | spike in volume | volume spikes | vol spike | volume surge
        | surge in volume | volume explosion | volume climax | unusual volume | spiking volume
    """,
}

_THINGS = {
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

_MONEY = {
    "stop": """
        stop | stops | stop loss | stoploss | stop losses | sl | s/l | stopp | hard stop
        | initial stop | protective stop | stop order | stop lose | stp | stop out | cut losses
        | cut loss | max loss | invalidation
    """,
    "target": """
        target | targets | take profit | takeprofit | take profits | tp | tps | t/p
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

_TIMES = {
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

PHRASES: dict[str, str] = {
    **_ACTIONS, **_JOINTS, **_COMPARISONS, **_QUALITIES, **_THINGS, **_MONEY, **_TIMES
}  # fmt: skip
