"""Putting right the misspelt words that matter, and only those."""

from functools import lru_cache
from itertools import pairwise

from rapidfuzz.distance import OSA

from agents.decision.words.vocabulary import words

# Real words that stand one slip away from a trader's word and mean something else.
_REAL_WORDS = words(
    """
    fails fail failed failing nothing neither nor able about actually after ago all alone
    although amount another any are area around away bad bank bar bare base based bear beat been
    best better bet beware bid big bill bit blow board boat body bold book bored born boss both
    bought box boy bring broad brush build bulk bus busy call calm came can card care case cash
    cast caught cause chance change chase check cheap child choose chop class clean clear clever
    click cloud coin cold color come control cool cost could count course cover create cross
    crowd crypto cuts damn dare dark data date dead deal deals dear deep desk did different dim
    does dog doing done door double doubt dream drive drug dry due each early earn easy eat edge
    elon else end enough even ever every exact expect eyes face fact fair fake family fancy far
    fast fear fed feel feels few field fight file fill final find fine fire firm first fit five
    flat floor flow fly follow food fool for force form forth found four free fresh friend from
    front full fun fund funny future game gain gave general gets getting give glad goal god gold
    gone good got grand great group grow guess guy guys had hair hand handle happen happy hard
    has hate have head hear heart heavy held help her here hers hey him his hit hope hoping host
    hot house how however huge human hurt idea idle interest interested internet greed greedy
    rates rate rated cutting imagine important inch into invest it job join joke just keep kept
    kill kind king knew know known label lady land lang large later laugh lay lazy lead leaf
    leap learn least leave led left legit less let letter level lie life light like limit link
    list listen little live living load loan local lock lone longer look looks loss lost lot
    lots loud love luck lucky lunch mad made magic mail main make makes making man manage many
    mark market match matter may maybe mean means meet mercury message might mile mind mine
    minor minus miss mode mom moment money month mood moon more morning most mother mouse move
    movie much music must name nap near neat need never news next nice night nine nobody none
    noon normal north nose note noted notice now number odd off offer office often okay old one
    ones online only onto open opinion order other ought our out outer own pack page paid pain
    paper part party pass past pay peace people person phone pick pie piece pin place plain plan
    play please plenty point pool poor post pot pound power pray press pretty price pride print
    problem promise proof proud prove pull pure push put quick quiet quit quite race rain ran
    rare rather reach read ready real really reason record red regret rent reply report rich
    ride right ring rise risky road rock role roll roof room root rope rough round row rule
    rules run rush sad safe said sail salt same sand save saw say says sea seat see seem seems
    seen self send sense sent serious serve set seven shape share sharp she shift ship shirt
    shoe shop shot should show shut sick side sigh sign silly silver since sing sister sit six
    size skill skin sky sleep slow smart smile snow soft soil sold some someone song soon sore
    sort soul sound soup speak speed spend spent spot spring stable staff stage stand star stars
    start state stay steal steel step stick still stock stone stood store storm story strange
    street strike string study stuff such sugar suit sun super sure swap sweet swim table take
    taken takes talk tall tape task tax tea teach team tell ten term text than thank thanks that
    the their them then there these they thing things think this those though three threw tide
    tie time times tiny tip tire today toe told tomorrow ton too took tool torn toss total touch
    tough tour town toy track trade trader trades train trap travel treat tree trick tried trip
    truck true trump trust truth try tune turn tweet tweets twice type ugly under unit unless
    until upon use used user using usual vague value very view vote wage wait walk wall want
    warm was wash waste watch water wave way weak wear weather web weed week well went were west
    what whatever wheel when where which white who whole whom whose why wide wife wild will wind
    window wine wing winter wise wish with woman won wonder wood word words work works world
    worry worse worst worth would wow write wrong yard yeah year yes yet you young your zone
    mining minted hating rating biting lasting listing testing strategies strategy bridge bigger
    cleaner closer lover tower flower slower blower rover over mover hover lever sever fever
    jever trading retrograde gambling rocket whale whales lambo sentiment volatile momentum
    """
)

_TABLE_WORDS = 3


def is_real_word(word: str) -> bool:
    """Whether `word` is everyday English, so that nothing else need be meant by it."""
    return word in _REAL_WORDS


def _allowed(word: str, known: str, slips: int) -> bool:
    """Whether `word` may be `known` misspelt: the fewer letters, the stricter."""
    if slips == 0:
        return True
    if len(known) == _TABLE_WORDS and len(word) == 4:  # rsii, emma: one letter doubled
        return slips == 1 and any(one == two for one, two in pairwise(word)) and known[0] == word[0]
    if len(word) <= _TABLE_WORDS or len(known) <= _TABLE_WORDS:
        return False
    if word[0] != known[0]:  # the first letter is rarely wrong, except swapped with the second
        return slips == 1 and len(word) >= 5 and word[:2] == known[1::-1]
    if len(word) == 4:
        return slips == 1 and (len(known) == 5 or sorted(word) == sorted(known))
    return slips == 1 or (slips == 2 and len(word) >= 7 and len(known) >= 7)


class Speller:
    """Finds the known word that a misspelt one stands for."""

    def __init__(self, vocabulary: frozenset[str]) -> None:
        self._known = vocabulary
        self._by_length: dict[int, tuple[str, ...]] = {}
        for word in sorted(vocabulary):
            if word.isalpha():
                self._by_length[len(word)] = (*self._by_length.get(len(word), ()), word)
        self._cached = lru_cache(maxsize=4096)(self._search)

    def correct(self, word: str) -> str | None:
        """The known word that `word` misspells; None when it is known, real or unlike any."""
        if len(word) < 4 or len(word) > 16 or not word.isalpha() or not word.isascii():
            return None
        if word in self._known or word in _REAL_WORDS:
            return None
        return self._cached(word)

    def _search(self, word: str) -> str | None:
        best: tuple[int, int, str] | None = None
        for length in range(len(word) - 2, len(word) + 3):
            for known in self._by_length.get(length, ()):
                slips = OSA.distance(word, known, score_cutoff=2)
                if slips <= 2 and _allowed(word, known, slips):
                    rank = (slips, abs(len(known) - len(word)), known)
                    best = rank if best is None or rank < best else best
        return best[2] if best else None
