"""What refusals of exchanges mean, and a long table of one exchange's."""

from enum import Enum


class Verdict(Enum):
    """What a refusal means. BUSY: nothing was taken, wait. SKEW: refused for its time stamp.
    UNKNOWN: it may have been taken. KEY: the key is not taken. NEAR: the stop would trigger at
    once. MISSING: there is no such order. TWICE: the client order id is in use. POOR: not enough
    free. SMALL: below the minimum. HEDGED: the account holds long and short at once. SPENT: there
    is nothing to reduce. SAME: a setting is as it was wanted already. GONE: what it should replace
    has ended. PASSED: the price is beyond a target or a stop, the exchange doesn't say which.
    CROWDED: as BUSY, but this account alone asked too much. POOLED: all assets of the account are
    one margin. NO: any other refusal."""

    BUSY = "busy"
    CROWDED = "crowded"
    SKEW = "skew"
    UNKNOWN = "unknown"
    KEY = "key"
    NEAR = "near"
    MISSING = "missing"
    TWICE = "twice"
    POOR = "poor"
    SMALL = "small"
    HEDGED = "hedged"
    POOLED = "pooled"
    SPENT = "spent"
    SAME = "same"
    GONE = "gone"
    PASSED = "passed"
    NO = "no"


BYBIT_REFUSALS = (
    ("position idx not match", Verdict.HEDGED),
    ("10002", Verdict.SKEW),
    ("10006", Verdict.CROWDED),
    ("170005", Verdict.CROWDED),
    ("170222", Verdict.CROWDED),
    ("10009", Verdict.BUSY),  # this machine's address is banned, which no key can help
    ("10018", Verdict.BUSY),
    ("10429", Verdict.BUSY),
    ("10000", Verdict.UNKNOWN),
    ("10016", Verdict.UNKNOWN),
    ("170001", Verdict.UNKNOWN),
    ("170007", Verdict.UNKNOWN),
    ("170032", Verdict.UNKNOWN),
    ("170035", Verdict.UNKNOWN),  # "submitted for processing"
    ("170146", Verdict.UNKNOWN),
    ("170147", Verdict.UNKNOWN),
    ("10003", Verdict.KEY),
    ("10004", Verdict.KEY),
    ("10005", Verdict.KEY),
    ("10010", Verdict.KEY),
    ("33004", Verdict.KEY),
    ("110001", Verdict.MISSING),
    ("110008", Verdict.MISSING),
    ("110010", Verdict.MISSING),
    ("170139", Verdict.MISSING),
    ("170142", Verdict.MISSING),
    ("170143", Verdict.MISSING),
    ("170190", Verdict.MISSING),
    ("170213", Verdict.MISSING),
    ("110072", Verdict.TWICE),
    ("170141", Verdict.TWICE),
    ("110004", Verdict.POOR),
    ("110007", Verdict.POOR),
    ("110012", Verdict.POOR),
    ("170131", Verdict.POOR),
    ("110017", Verdict.SPENT),
    ("110092", Verdict.NEAR),
    ("110093", Verdict.NEAR),
    ("110094", Verdict.SMALL),
    ("170140", Verdict.SMALL),
    ("110025", Verdict.SAME),
    ("110026", Verdict.SAME),
    ("110043", Verdict.SAME),
)
