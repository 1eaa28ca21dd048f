"""What traders write, gathered under the word that the reader's grammar knows.

Each row is `label: spelling | spelling | ...`. Spellings are lower case, of one or more words,
without articles; a hyphen between letters counts as a space. The longest spelling wins.
"""

from agents.decision.words.market_lexicon import MONEY, THINGS, TIMES

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
    "not": """
        neither | nor | not | isn't | isnt | doesn't | doesnt | aren't | hasn't | ain't | nicht
    """,
    "no": """
        no | without | w/o | never | avoid | skip | exclude | excluding | kein | keine | sin
        | ohne
    """,
    "dont": "don't | dont | do not | must not | should not | shouldn't | won't | never trade",
    "unless": "unless | except when | except if",
    "except": "except | besides | other than | apart from | außer",
    "then": "then | else | otherwise | , then | -> | thereafter | afterwards | dann | entonces",
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
        fails to break | fails to break above | fails to break below | failed to break | fails at
        | fails to close above | fails to hold above | fails to hold | cannot break | can't break
        | rejects | reject | rejected | rejection | gets rejected | rejected at | rejected from
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

PHRASES: dict[str, str] = {
    **_ACTIONS, **_JOINTS, **_COMPARISONS, **_QUALITIES, **THINGS, **MONEY, **TIMES
}  # fmt: skip
