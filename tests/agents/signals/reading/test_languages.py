"""The same signal in other languages."""

import pytest

from agents.domain.signal import SignalKind
from tests.support.readings import Shown, read, shown

LONG: Shown = ("SOL/USDT", "long", "123 125", "130 140", "110", "5")
SHORT: Shown = ("SOL/USDT", "short", "123", "115 110", "130", "")


@pytest.mark.parametrize(
    "text",
    [
        "Пара: SOL/USDT\nЛонг\nТВХ: 123-125\nТП: 130 / 140\nСЛ: 110\nПлечо: х5",
        "Покупаем #SOL\nЦена входа: 123 - 125\nТейк-профит 1: 130\nТейк-профит 2: 140\n"
        "Стоп-лосс: 110 (-10%)\nПлечо: 5x\nОбъем: 2% депозита",
        "سولانا\nلانگ\nقیمت ورود: ۱۲۳ تا ۱۲۵\nهدف اول: ۱۳۰\nهدف دوم: ۱۴۰\nحدضرر: ۱۱۰\nاهرم: ۵",
        "العملة: SOL/USDT\nالنوع: شراء\nنقطة الدخول: 123 - 125\nالهدف 1: 130\nالهدف 2: 140\n"
        "وقف الخسارة: 110\nالرافعة المالية: 5x",
        "SOL/USDT COMPRA\nZona de entrada: 123 - 125\nObjetivos: 130, 140\nStop: 110\n"
        "Apalancamiento: 5x",
        "💎 Moeda: SOL\nTipo: LONG (Futuros)\nAlavancagem: 5x\nPreço de entrada: 123 até 125\n"
        "Alvo 1: 130\nAlvo 2: 140\nStop Loss: 110",
        "SOL/USDT ALIŞ\nGİRİŞ BÖLGESİ: 123 - 125\nHEDEFLER: 130 - 140\nZARAR DURDUR: 110\n"
        "KALDIRAÇ: 5x",
        "SOL long\ngiris: 123-125\nhedef 1: 130\nhedef 2: 140\nstop: 110\nkaldirac: 5x",
        "SOL Long · Einstieg: 123 – 125 · Ziele: 130 / 140 · Stopp: 110 · Hebel 5x",
        "SOL/USDT ACHAT\nPrix d'entrée: 123 - 125\nObjectifs: 130 - 140\nStop: 110\nLevier: 5x",
        "SOL做多\n入场：123-125\n目标1：130\n目标2：140\n止损：110\n杠杆：5倍",
        "솔라나 롱\n진입가: 123-125\n목표가: 130, 140\n손절가: 110\n레버리지: 5배",
    ],
)
def test_a_long_is_read(text: str) -> None:
    reading = read(text)
    assert reading.kind is SignalKind.SIGNAL
    assert shown(reading) == LONG
    assert reading.faults == ()


@pytest.mark.parametrize(
    "text",
    [
        "Продаём SOL\nВход: 123\nЦели: 115, 110\nСтоп: 130",
        "SOL/USDT VENTA\nEntrada: 123\nObjetivo 1: 115\nObjetivo 2: 110\nStop Loss: 130",
        "SOL satış\nGiriş: 123\nKâr al: 115 - 110\nZarar kes: 130",
        "Verkaufe SOL\nEinstieg 123\nZiele 115 und 110\nStopp 130",
        "SOL/USDT 做空，入场 123，止盈 115、110，止损 130",
        "فروش سولانا\nنقطه ورود: ۱۲۳\nاهداف: ۱۱۵ - ۱۱۰\nاستاپ لاس: ۱۳۰",
    ],
)
def test_a_short_is_read(text: str) -> None:
    reading = read(text)
    assert shown(reading) == SHORT
    assert reading.faults == ()


@pytest.mark.parametrize(
    "text",
    [
        "Привет всем, как дела?",
        "Биткоин вырос на 5 % за неделю, цель аналитиков 100000",
        "Bitcoin sube un 5 % y los analistas esperan 100.000 dólares a largo plazo",
        "比特币今天上涨5%，市场情绪乐观",
        "قیمت بیت کوین امروز به ۶۰۰۰۰ دلار رسید",
    ],
)
def test_talk_is_no_signal(text: str) -> None:
    assert read(text).kind is not SignalKind.SIGNAL
