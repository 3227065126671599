"""Words for dates and waiting times in each language.  `text_tables.js` is the twin.

Here rather than in the catalogues because their order and joints differ, not only their words.
"""

# How amounts of these currencies are marked; others by their code.
CURRENCY_SIGNS = {
    "CNY": "¥",
    "HKD": "HK$",
    "TWD": "NT$",
    "USD": "$",
    "EUR": "€",
    "GBP": "£",
    "JPY": "JP¥",
    "KRW": "₩",
}
# Nobody writes hundredths of these.
WHOLE_CURRENCIES = ("JPY", "KRW", "TWD", "VND")

LANGUAGES = ("en", "zh-Hans", "zh-Hant")

_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_MONTHS_IN_FULL = (
    "January February March April May June July August September October November December".split()
)
_NUMBERS = [str(number) for number in range(1, 13)]

# {d} day, {m} month, {M} month in full, {y} year, {w} weekday, {n} how many
TABLES = {
    "en": {
        "months": _MONTHS,
        "months_in_full": _MONTHS_IN_FULL,
        "weekdays": "Mon Tue Wed Thu Fri Sat Sun".split(),
        "weekdays_in_full": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(),
        "date": "{d} {m} {y}",
        "day": "{w} {d} {m}",
        "day_of_year": "{w} {d} {m} {y}",
        "month": "{M} {y}",
        "near": {"-1": "Yesterday", "0": "Today", "1": "Tomorrow"},
        "just_now": "just now",
        "minutes": "{n} min ago",
        "hours": "{n} h ago",
        "one_day": "1 day ago",
        "days": "{n} days ago",
    },
    "zh-Hans": {
        "months": _NUMBERS,
        "months_in_full": _NUMBERS,
        "weekdays": "周一 周二 周三 周四 周五 周六 周日".split(),
        "weekdays_in_full": "星期一 星期二 星期三 星期四 星期五 星期六 星期日".split(),
        "date": "{y}年{m}月{d}日",
        "day": "{m}月{d}日 {w}",
        "day_of_year": "{y}年{m}月{d}日 {w}",
        "month": "{y}年{M}月",
        "near": {"-1": "昨天", "0": "今天", "1": "明天"},
        "just_now": "刚刚",
        "minutes": "{n} 分钟前",
        "hours": "{n} 小时前",
        "one_day": "1 天前",
        "days": "{n} 天前",
    },
    "zh-Hant": {
        "months": _NUMBERS,
        "months_in_full": _NUMBERS,
        "weekdays": "週一 週二 週三 週四 週五 週六 週日".split(),
        "weekdays_in_full": "星期一 星期二 星期三 星期四 星期五 星期六 星期日".split(),
        "date": "{y}年{m}月{d}日",
        "day": "{m}月{d}日 {w}",
        "day_of_year": "{y}年{m}月{d}日 {w}",
        "month": "{y}年{M}月",
        "near": {"-1": "昨天", "0": "今天", "1": "明天"},
        "just_now": "剛剛",
        "minutes": "{n} 分鐘前",
        "hours": "{n} 小時前",
        "one_day": "1 天前",
        "days": "{n} 天前",
    },
}
