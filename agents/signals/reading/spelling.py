"""One spelling for all the ways in which signals write digits, dashes and letters."""

import re
import unicodedata

_PERSIAN = "۰۱۲۳۴۵۶۷۸۹"
_ARABIC = "٠١٢٣٤٥٦٧٨٩"
_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"
_SUPERSCRIPT = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_SUBSCRIPT = "₀₁₂₃₄₅₆₇₈₉"
# Letters that look like the Latin x and are not, as in "20х".
_TIMES = re.compile(r"(?<=\d)[хХ×](?![^\W\d_])|(?<![^\W\d_])[хХ×](?=\d)")
# Accents, and the signs of vowels that Persian and Arabic may leave out.
_MARKS = re.compile("[\u0300-\u036f\u064b-\u0655\u0670]+")
_DASHES = dict.fromkeys("–—−‐‑‒―﹣-~∼〜～", "-")
_INVISIBLE = dict.fromkeys("\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\ufe0f\u00ad\u2066\u2069")

_BEFORE: dict[int, str | None] = {
    **{ord(sign): f" {n}) " for n, sign in enumerate(_CIRCLED, start=1)},
    **{ord(sign): f"{n}) " for n, sign in enumerate(_SUPERSCRIPT)},
    **{ord(sign): f"{n}) " for n, sign in enumerate(_SUBSCRIPT)},
    ord("\u20e3"): ") ",  # the key around a digit: 1️⃣
    ord("🔟"): " 10) ",
    **dict.fromkeys(map(ord, "½⅓¼¾⅔"), " "),
    **{ord(sign): plain for sign, plain in _DASHES.items()},
    **{ord(sign): None for sign in _INVISIBLE},
}
_AFTER: dict[int, str] = {
    **{ord(digit): str(n) for n, digit in enumerate(_PERSIAN)},
    **{ord(digit): str(n) for n, digit in enumerate(_ARABIC)},
    ord("٫"): ".",
    ord("٬"): ",",
    ord("٪"): "%",
    ord("،"): ",",
    ord("ي"): "ی",  # one letter, written in two ways
    ord("ك"): "ک",
    ord("ى"): "ی",
    ord("ة"): "ه",
    ord("ı"): "i",
    ord("\r"): "\n",
    ord("\u2028"): "\n",
    ord("\u2029"): "\n",
}


def plain(text: str) -> str:
    """`text` in plain digits, dashes and letters; lines stay lines, lists stay lists.

    Letters lose their accents, as half of those who write them leave them out.
    """
    if text.isascii():
        return text.replace("\r", "\n")
    spelt = _TIMES.sub("x", text).translate(_BEFORE)
    parts = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", spelt))
    return unicodedata.normalize("NFC", _MARKS.sub("", parts)).translate(_AFTER)
