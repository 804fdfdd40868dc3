"""Names of people that fit a locale, sampled from the lists that Faker carries.

Belongs here: names and addresses of people. Faker's own generators are called nowhere: its lists are drawn from in bulk,
which is what makes a large world quick.
"""

import importlib
import unicodedata
from functools import cache

import numpy as np

_FAKER_LISTS = {
    "en-US": "en_US",
    "en-GB": "en_GB",
    "de-DE": "de_DE",
    "fr-FR": "fr_FR",
    "es-ES": "es_ES",
    "pt-BR": "pt_BR",
}
_CANTONESE_FAMILY = (
    "Chan", "Wong", "Lee", "Cheung", "Lau", "Ng", "Leung", "Ho", "Lam", "Yeung", "Tsang", "Kwok", "Fung", "Chow", "Tang", "Yip",
    "Mak", "Tse", "Lo", "Chung", "Poon", "Yuen", "Kwan", "Hui", "Siu", "Mok", "Au", "Choi", "To", "Kwong",
)  # fmt: skip
_CANTONESE_GIVEN = (
    "Ka Ming", "Wai Man", "Siu Ling", "Tsz Hin", "Hoi Yan", "Chun Kit", "Mei Fong", "Wing Yan", "Ho Yin", "Ka Yan", "Lok Yi",
    "Chi Keung", "Man Wai", "Yuk Lan", "Tsz Ching", "Kwok Wai", "Sze Wing", "Pui Shan", "Kin Fai", "Wai Lun", "Hiu Tung",
    "Cheuk Yin", "Yat Long", "Wing Sze", "Chi Ho", "Suet Ying", "Kam Tong", "Lai Kuen", "Tin Yau", "Hei Man",
)  # fmt: skip
_SINGAPORE_FAMILY = (
    "Tan", "Lim", "Lee", "Ng", "Ong", "Goh", "Chua", "Koh", "Teo", "Nair", "Pillai", "Rahman", "Ismail", "Kumar", "Sim", "Yeo",
    "Chia", "Toh", "Seah", "Menon", "Salleh", "Abdullah",
)  # fmt: skip
_SINGAPORE_GIVEN = (
    "Wei Jie", "Hui Min", "Jun Hao", "Xin Yi", "Priya", "Arjun", "Nur Aisyah", "Hafiz", "Kavitha", "Zhi Wei", "Jia Hui", "Farid",
    "Li Ting", "Ravi", "Siti", "Kai Xiang", "Shu Fen", "Deepa", "Yusof", "Mei Ling", "Wen Hao", "Anand", "Zulkifli", "Hui Ling",
)  # fmt: skip


def person_names(rng: np.random.Generator, locale: str, size: int) -> list[tuple[str, str]]:
    """`size` names fit for a locale of the contract: the name as written there, and a romanised form for addresses.

    Drawn without repeating a pair of given and family name for as long as the lists allow. Raises KeyError for an
    unknown locale.
    """
    given, family, family_first = _lists(locale)
    pairs = len(given) * len(family)
    drawn = rng.choice(pairs, size=size, replace=size > pairs) if size else np.empty(0, dtype=np.int64)
    names = []
    for place in drawn.tolist():
        (written_given, roman_given), (written_family, roman_family) = given[place % len(given)], family[place // len(given)]
        if family_first:
            space = "" if locale in ("zh-CN", "zh-TW") else " "
            names.append((f"{written_family}{space}{written_given}", f"{roman_given} {roman_family}"))
        else:
            names.append((f"{written_given} {written_family}", f"{roman_given} {roman_family}"))
    return names


def address(roman_name: str, number: int, domain: str) -> str:
    """An e-mail address made from a romanised name; `number` keeps it unique."""
    decomposed = unicodedata.normalize("NFKD", roman_name.replace("ß", "ss").lower())
    words = "".join(c if c.isascii() and c.isalnum() else " " for c in decomposed if not unicodedata.combining(c)).split()
    return f"{'.'.join(words)}.{number}@{domain}"


_Written = tuple[tuple[str, str], ...]


@cache
def _lists(locale: str) -> tuple[_Written, _Written, bool]:
    """Given names, family names (each written and romanised) and whether the family name comes first."""
    if locale == "zh-HK":
        return _plain(_CANTONESE_GIVEN), _plain(_CANTONESE_FAMILY), True
    if locale == "en-SG":
        return _plain(_SINGAPORE_GIVEN), _plain(_SINGAPORE_FAMILY), False
    if locale == "ja-JP":
        provider = importlib.import_module("faker.providers.person.ja_JP").Provider
        return (
            tuple((written, roman) for written, _, roman in provider.first_name_pairs),
            tuple((written, roman) for written, _, roman in provider.last_name_pairs),
            True,
        )
    if locale in ("zh-CN", "zh-TW"):
        given, family = _CHINESE[locale]
        return tuple(given.items()), tuple(family.items()), True
    provider = importlib.import_module(f"faker.providers.person.{_FAKER_LISTS[locale]}").Provider
    return _plain(provider.first_names), _plain(provider.last_names), False


def _plain(names: "dict[str, float] | tuple[str, ...]") -> _Written:
    # Faker's German list holds a few joke names, all with a word in lower case.
    return tuple((name, name) for name in dict.fromkeys(names) if all(word[0].isupper() for word in name.split()))


# Faker's Chinese lists have no romanised form of each name, which an address needs.
_CHINESE: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "zh-CN": (
        {
            "伟": "Wei", "芳": "Fang", "娜": "Na", "秀英": "Xiuying", "敏": "Min", "静": "Jing", "丽": "Li", "强": "Qiang",
            "磊": "Lei", "军": "Jun", "洋": "Yang", "勇": "Yong", "艳": "Yan", "杰": "Jie", "娟": "Juan", "涛": "Tao",
            "明": "Ming", "超": "Chao", "霞": "Xia", "平": "Ping", "刚": "Gang", "桂英": "Guiying", "建国": "Jianguo",
            "文静": "Wenjing", "子涵": "Zihan", "雨桐": "Yutong", "浩然": "Haoran", "思远": "Siyuan", "晓东": "Xiaodong",
            "海燕": "Haiyan", "志强": "Zhiqiang", "雪梅": "Xuemei", "建华": "Jianhua", "春梅": "Chunmei", "宇航": "Yuhang",
            "欣怡": "Xinyi", "俊杰": "Junjie", "梓萱": "Zixuan", "天宇": "Tianyu", "佳琪": "Jiaqi",
        },
        {
            "王": "Wang", "李": "Li", "张": "Zhang", "刘": "Liu", "陈": "Chen", "杨": "Yang", "赵": "Zhao", "黄": "Huang",
            "周": "Zhou", "吴": "Wu", "徐": "Xu", "孙": "Sun", "胡": "Hu", "朱": "Zhu", "高": "Gao", "林": "Lin", "何": "He",
            "郭": "Guo", "马": "Ma", "罗": "Luo", "梁": "Liang", "宋": "Song", "郑": "Zheng", "谢": "Xie", "韩": "Han",
            "唐": "Tang", "冯": "Feng", "于": "Yu", "董": "Dong", "萧": "Xiao", "程": "Cheng", "曹": "Cao", "袁": "Yuan",
            "邓": "Deng", "许": "Xu", "傅": "Fu", "沈": "Shen", "曾": "Zeng", "彭": "Peng", "吕": "Lu",
        },
    ),
    "zh-TW": (
        {
            "家豪": "Chia-Hao", "志明": "Chih-Ming", "建宏": "Chien-Hung", "俊傑": "Chun-Chieh", "淑芬": "Shu-Fen",
            "淑惠": "Shu-Hui", "美玲": "Mei-Ling", "雅婷": "Ya-Ting", "怡君": "Yi-Chun", "宗翰": "Tsung-Han", "冠宇": "Kuan-Yu",
            "承恩": "Cheng-En", "品妍": "Pin-Yen", "心怡": "Hsin-Yi", "佩珊": "Pei-Shan", "柏翰": "Po-Han", "詩涵": "Shih-Han",
            "信宏": "Hsin-Hung", "宜蓁": "Yi-Chen", "彥廷": "Yen-Ting", "麗華": "Li-Hua", "文雄": "Wen-Hsiung",
            "玉珍": "Yu-Chen", "國華": "Kuo-Hua", "思妤": "Szu-Yu",
        },
        {
            "陳": "Chen", "林": "Lin", "黃": "Huang", "張": "Chang", "李": "Lee", "王": "Wang", "吳": "Wu", "劉": "Liu",
            "蔡": "Tsai", "楊": "Yang", "許": "Hsu", "鄭": "Cheng", "謝": "Hsieh", "郭": "Kuo", "洪": "Hung", "曾": "Tseng",
            "邱": "Chiu", "廖": "Liao", "賴": "Lai", "周": "Chou", "徐": "Hsu", "蘇": "Su", "葉": "Yeh", "莊": "Chuang",
            "江": "Chiang", "呂": "Lu",
        },
    ),
}  # fmt: skip
