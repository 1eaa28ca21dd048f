"""The words of signals in other languages, by what they mean (a name of `Word`).

Accents and the like are folded when the tables are made, as they are in the texts.
"""

_RUSSIAN: dict[str, str] = {
    "entry": """
        вход; точка входа; точки входа; зона входа; цена входа; войти; входим; вход от; твх;
        лимитка; лимитки
    """,
    "target": "тейк; тейк профит; тейкпрофит; цель; тп",
    "targets": "цели; тейки; тейк профиты; цели фиксации",
    "stop": "стоп; стоп лосс; стоплосс; стоп лос; сл",
    "leverage": "плечо; кредитное плечо; леверидж",
    "pair": "монета; пара; тикер; символ; инструмент; торговая пара",
    "direction": "направление; тип; сторона; сделка",
    "ignored": """
        риск; риски; объем; депозит; биржа; маржа; уверенность; вероятность; текущая цена;
        таймфрейм; тф; риск прибыль; поддержка; сопротивление; пробой; балл
    """,
    "long": """
        лонг; лонгуем; лонгую; покупка; покупаем; покупаю; купить; на покупку; в лонг
    """,
    "short": "шорт; шортим; шорчу; продажа; продаем; продаю; продать; на продажу; в шорт",
    "now": "рынок; по рынку; от рынка; сейчас; по текущим; по маркету",
    "hit": """
        взят; взята; взяли; взято; достигнут; достигнута; достигнуты; выполнен; выполнена;
        закрыта по тейку; сработал; сработала
    """,
    "move": """
        переносим; перенести; переставить; перевожу; переводим; перевести; переведите; переставляем;
        передвигаем; ставим; ставлю; подтягиваем; перенес; перенесли
    """,
    "to": "на; в; к",
    "close": """
        закрываем; закрыть; закрыли; закрываю; закрыл; закрыта; закройте; фикс; фиксируем;
        фиксирую; фиксируйте; зафиксировать; зафиксировал; зафиксировали; выходим; вышли
    """,
    "half": "половину; половина; пол позиции",
    "part": "часть; частично; часть прибыли",
    "all": "все; всю; полностью",
    "cancel": "отмена; отменяем; отменить; отмените; отменен; сетап отменен; сигнал отменен",
    "even": "безубыток; безубытка; бу; б у; точку входа; вход; тбу",
    "entered": "активирован; активирована; вошли в сделку",
    "stopped": """
        выбило по стопу; стоп сработал; выбило; сработал стоп; поймали стоп; словили стоп;
        закрыта по стопу; закрыты по стопу; стоп выбило
    """,
    "new": "новый; новая",
    "if": "после; если; когда; при достижении",
    "not": "не; нет",
    "trade": "сделку; сделка; сделки; позицию; позиция; остаток; остальное",
    "gain": "прибыль; прибыли; профит; профита",
    "filler": "от; до; и; по; лимитный ордер; лимитный; примерно; около; район; зона",
}

_PERSIAN: dict[str, str] = {
    "entry": "ورود; نقطه ورود; نقاط ورود; محدوده ورود; نقطه; نقاط; قیمت ورود; ناحیه ورود",
    "target": "تارگت; هدف; حد سود; تی پی; تیپی",
    "targets": "تارگتها; تارگت ها; تارگت های; اهداف; هدفها; حد سود ها; تارگتهای",
    "stop": "استاپ; استاپ لاس; استاپلاس; حد ضرر; حدضرر; ضرر",
    "leverage": "لوریج; اهرم; لورج",
    "pair": "رمزارز; رمز ارز; ارز; نماد; جفت ارز; کوین",
    "direction": "جهت; نوع معامله; نوع پوزیشن",
    "ignored": "ریسک; حجم; سرمایه; قیمت لحظه ای; قیمت فعلی; تایم فریم; ریسک به ریوارد",
    "long": "لانگ; خرید; لونگ",
    "short": "شورت; فروش",
    "now": "الان; مارکت; قیمت مارکت; لحظه ای",
    "hit": "خورد; رسید; لمس; تاچ شد; تاچ; زده شد; زده; فعال گردید",
    "move": "بیاد; بیارید; منتقل; بذارید; انتقال; جابجا",
    "to": "به",
    "close": "سیو; ببندید; بستن; کلوز; بسته شد",
    "half": "نصف",
    "part": "سیو سود",
    "all": "همه; کل",
    "cancel": "کنسل; لغو",
    "even": "نقطه ورود; ورود; ریسک فری; سر به سر",
    "entered": "فعال شد",
    "stopped": "استاپ خورد; حد ضرر خورد",
    "new": "جدید",
    "if": "اگر; وقتی; بعد از",
    "gain": "سود",
    "filler": """
        اول; دوم; سوم; چهارم; پنجم; و; رو; را; روی; در; باز; کنید; پوزیشن; با; از; تا; به; سیگنال
    """,
}

_ARABIC: dict[str, str] = {
    "entry": """
        دخول; الدخول; نقطة الدخول; منطقة الدخول; سعر الدخول; نقاط الدخول; مناطق الدخول;
        شراء من; الشراء من
    """,
    "target": "هدف; الهدف; جني الارباح; جني ارباح",
    "targets": "الاهداف; اهداف; اهداف البيع",
    "stop": "وقف الخسارة; وقف; ايقاف الخسارة; وقف خسارة; ستوب; الوقف",
    "leverage": "الرافعة; الرافعة المالية; رافعة; رافعة مالية",
    "pair": "العملة; عملة; زوج; الزوج; الرمز",
    "direction": "النوع; الاتجاه; نوع الصفقة",
    "ignored": "المخاطرة; الحجم; السعر الحالي; راس المال; نسبة المخاطرة",
    "long": "شراء; لونج; صفقة شراء",
    "short": "بيع; شورت; صفقة بيع",
    "now": "سعر السوق; الان; السوق",
    "hit": "تحقق; تم تحقيق; ضرب",
    "cancel": "الغاء; ملغية",
    "close": "اغلاق; اغلق",
    "filler": "الاول; الثاني; الثالث; الرابع; من; الى; بين",
}

_ROMANCE: dict[str, str] = {  # Spanish, Portuguese, French, Italian
    "entry": """
        entrada; entradas; zona de entrada; precio de entrada; punto de entrada; precio entrada;
        preço de entrada; preço entrada; ponto de entrada; entrar; faixa de entrada;
        entrée; zone d'entrée; prix d'entrée; point d'entrée; ingresso; entrata; prezzo di ingresso
    """,
    "target": """
        objetivo; alvo; meta; toma de ganancias; tomar ganancias; obj; objectif; cible;
        obiettivo; realização
    """,
    "targets": "objetivos; alvos; metas; objectifs; cibles; obiettivi; tomas de ganancias",
    "stop": """
        stop de pérdida; stop de perda; parar pérdida; límite de pérdida; stop perte; arrêt;
        stop móvil
    """,
    "leverage": """
        apalancamiento; alavancagem; alavancagem sugerida; apalancamiento recomendado; levier;
        effet de levier; leva
    """,
    "pair": "moneda; moeda; par; ativo; activo; símbolo; paire; coppia; criptomoneda; criptomoeda",
    "direction": "dirección; direção; tipo; tipo de operación; sentido; operación; operação; lado",
    "ignored": """
        riesgo; risco; risque; rischio; probabilidad; probabilidade; canal; plataforma; banca;
        tempo gráfico; marco temporal; precio actual; preço atual; temporalidad; capital; saldo;
        cantidad; quantidade; exchange
    """,
    "long": "compra; comprar; compro; comprando; comprado; achat; acheter; acquisto; comprare",
    "short": "venta; vender; venda; vendo; vendiendo; vendido; vente; vendre; vendita; vendere",
    "now": "mercado; a mercado; precio de mercado; preço de mercado; prix du marché; ahora; agora",
    "hit": """
        alcanzado; alcanzada; atingido; atingida; cumplido; cumplida; batido; batida; alcançado;
        alcançada; logrado; atteint; raggiunto; tocado
    """,
    "move": """
        mover; mueve; movemos; movido; movida; mueva; muevan; mova; movam; suba; subir; pasar;
        passer; sposta
    """,
    "to": "a; para; à",
    "close": "cerrar; cierra; cierre; cerramos; cerrado; cerrada; fechar; feche; fechamos; fechado",
    "half": "mitad; la mitad; metade; a metade; moitié",
    "part": "parcial; parciales; parciais; parte",
    "all": "todos; todas; todo; toda; toutes; tous",
    "cancel": "cancelar; cancelado; cancelada; cancela; annulé; annuler",
    "even": """
        entrada; punto de entrada; precio de entrada; ponto de entrada; preço de entrada;
        punto de equilibrio; zero a zero; entrée
    """,
    "entered": "entrada ejecutada; entrada executada",
    "stopped": "stop alcanzado; stop atingido; stopeado; stopado; saltó el stop; tocó el stop",
    "new": "nuevo; nueva; novo; nova",
    "if": "si; cuando; quando; después de; depois de; al llegar",
    "trade": "operación; operação; posición; posição; orden",
    "gain": "ganancia; ganancias; lucro; beneficio",
    "filler": """
        de; del; y; e; en; em; o; la; el; los; no; na; por; cerca; primero; primer; segundo;
        tercer; primeiro; terceiro; limite; límite; alrededor; hasta; até; entre; señal; sinal
    """,
    "nothing said": "corto plazo; largo plazo; curto prazo; longo prazo; venta masiva",
}

_TURKISH: dict[str, str] = {
    "entry": "giriş; giriş fiyatı; giriş bölgesi; giriş seviyesi; giriş aralığı; alım bölgesi",
    "target": "hedef; hedef fiyat; kar al; kâr alma; kar alma",
    "targets": "hedefler; hedef fiyatlar; kar al seviyeleri",
    "stop": "zarar durdur; zarar kes; zarar kesme; zararı durdur; stop seviyesi",
    "leverage": "kaldıraç",
    "pair": "parite; kripto çifti; kripto; sembol",
    "direction": "yön; işlem yönü",
    "ignored": """
        miktar; güncel fiyat; şu anki fiyat; anlık fiyat; hacim; borsa; bakiye; zaman dilimi
    """,
    "long": "alış; alım; al sinyali; alış sinyali",
    "short": "satış; sat sinyali; satış sinyali",
    "now": "piyasa; piyasa fiyatı; piyasadan",
    "hit": "alındı; geldi; ulaştı; ulaşıldı; tamamlandı; görüldü",
    "move": "taşı; taşıyın; çek; çekin; çekiyoruz; taşıyoruz",
    "close": "kapat; kapatın; kapattık; kapatıyoruz; kapandı",
    "half": "yarı; yarısı; yarısını",
    "part": "bir kısmı; bir kısmını",
    "cancel": "iptal; iptal edildi",
    "even": "giriş; girişe; başa baş",
    "stopped": "stop oldu; stop olduk",
    "new": "yeni",
    "if": "eğer",
    "trade": "pozisyon; işlem; pozisyonu; işlemi",
    "gain": "kar; kazanç",
    "filler": "ve; ile; civarı; arası; aralığı; sinyal; sinyali; pozisyonu aç",
}

_GERMAN: dict[str, str] = {
    "entry": "einstieg; einstiegszone; einstiegskurs; einstiegspreis; einstiegsbereich",
    "target": "ziel; kursziel; gewinnmitnahme",
    "targets": "ziele; kursziele",
    "stop": "stopp; stoppkurs; verlustbegrenzung",
    "leverage": "hebel",
    "pair": "paar; währungspaar; münze",
    "direction": "richtung",
    "ignored": "risiko; kapital; aktueller kurs; börse; menge",
    "long": "kaufen; kaufe; kauf; ich kaufe",
    "short": "verkaufen; verkaufe; verkauf; ich verkaufe",
    "now": "jetzt; zum marktpreis; marktpreis",
    "hit": "erreicht; getroffen",
    "move": "setze; setzen; setzt; verschiebe; verschieben; ziehe; nachziehen",
    "to": "auf",
    "close": "schließe; schließen; schliesse; schliessen; geschlossen; ich schließe",
    "half": "hälfte; die hälfte",
    "part": "teilweise; teilgewinn; teilgewinne",
    "cancel": "abbrechen; storniert; stornieren",
    "even": "einstieg; einstand",
    "stopped": "ausgestoppt",
    "new": "neuer; neues",
    "if": "wenn; sobald; falls; nach",
    "trade": "trade; rest",
    "gain": "gewinn",
    "filler": "bei; und; von; bis; zwischen; erstes; zweites; drittes; den",
}

_EASTERN: dict[str, str] = {  # Chinese in both scripts, Korean, Japanese
    "entry": """
        入场; 入场价; 入场价格; 入场点; 入场区间; 进场; 进场价; 进场区间; 开仓; 开仓价; 建仓; 入場;
        進場; 開倉; 진입; 진입가; 진입가격; 진입구간; 진입 가격; 매수가; エントリー; 参入
    """,
    "target": """
        止盈; 止盈价; 止盈点; 目标; 目标价; 目标位; 第一目标; 第二目标; 第三目标; 目標; 止盈位;
        목표; 목표가; 익절; 익절가; 利確; 利確目標
    """,
    "stop": "止损; 止损价; 止损点; 止损位; 止損; 손절; 손절가; 손절라인; 損切り; 損切",
    "leverage": "杠杆; 杠杆倍数; 槓桿; 레버리지; 배율; レバレッジ",
    "pair": "币种; 交易对; 币对; 币; 幣種; 코인; 종목; 通貨; 銘柄",
    "direction": "方向; 类型; 방향; 포지션",
    "ignored": "仓位; 风险; 胜率; 时间; 周期; 当前价格; 현재가; 비중; リスク",
    "long": "做多; 多单; 看多; 开多; 買入; 买入; 多; 롱; 매수; 롱포지션; ロング; 買い",
    "short": "做空; 空单; 看空; 开空; 卖出; 賣出; 空; 숏; 매도; 숏포지션; ショート; 売り",
    "now": "市价; 现价; 市價; 現價; 시장가; 현재가 진입; 成行",
    "hit": "到达; 达到; 已到; 도달; 달성; 到達",
    "move": "移动; 上移; 이동",
    "close": "平仓; 全平; 청산; 종료; 決済",
    "half": "一半; 절반",
    "cancel": "取消; 撤单; 취소",
    "even": "成本; 保本; 开仓价; 본절; 본전",
    "filler": "附近; 左右; 至; 到; 区间; 价格; 부근; 까지; 에서; 또는",
}

LANGUAGES = (_RUSSIAN, _PERSIAN, _ARABIC, _ROMANCE, _TURKISH, _GERMAN, _EASTERN)

# Names of coins that the house's table of English names lacks.
COINS: dict[str, str] = {
    "بیتکوین": "BTC", "بیت کوین": "BTC", "اتریوم": "ETH", "اتر": "ETH", "سولانا": "SOL",
    "ریپل": "XRP", "کاردانو": "ADA", "دوج": "DOGE", "دوجکوین": "DOGE", "لایتکوین": "LTC",
    "ترون": "TRX", "پولکادات": "DOT", "آوالانچ": "AVAX", "چینلینک": "LINK", "شیبا": "SHIB",
    "биткоин": "BTC", "эфир": "ETH", "эфириум": "ETH", "солана": "SOL", "btc": "BTC",
    "риппл": "XRP", "доге": "DOGE", "лайткоин": "LTC", "бнб": "BNB", "бтк": "BTC",
    "比特币": "BTC", "比特幣": "BTC", "大饼": "BTC", "以太坊": "ETH", "以太": "ETH",
    "비트코인": "BTC", "비트": "BTC", "이더리움": "ETH", "이더": "ETH", "솔라나": "SOL",
    "리플": "XRP", "도지": "DOGE", "도지코인": "DOGE", "에이다": "ADA",
}  # fmt: skip
