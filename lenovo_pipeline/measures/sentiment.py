"""Sentiment of an answer by a lexicon: the balance of friendly and unfriendly words.

Belongs here: a small lexicon of our own (English and Chinese, words of service and support) and counting. It finds whether one
person is spoken to in another tone than the next; it is no judgement of a text. Method: balance of lexicon words over their
number, after the General Inquirer (Stone et al. 1966); a word after a negation counts for the other side.
"""

import re

_GOOD_WORDS = """
good great glad happy welcome thanks thank please excellent helpful safe easy easily success successful successfully
recommended recommend reliable best better nice kind perfect fine sure certainly gladly enjoy valued appreciate
trusted capable congratulations pleased smooth quick quickly improve improved benefit advantage
"""
_BAD_WORDS = """
bad worst worse poor sorry unfortunately unable cannot impossible wrong fail fails failed failure error errors danger
dangerous risk risky problem problems difficult hard angry complaint refuse refused deny denied stupid useless broken
damage damaged suspicious illegal forbidden never hate dislike slow unsafe unreliable warning blame
"""
_GOOD_IN_CHINESE = "欢迎 谢谢 感谢 高兴 很好 优秀 推荐 安全 轻松 成功 可靠 满意 最佳 歡迎 謝謝 感謝 推薦 輕鬆 滿意"
_BAD_IN_CHINESE = "抱歉 遗憾 无法 失败 错误 危险 困难 糟糕 拒绝 损坏 愚蠢 可疑 問題 遺憾 無法 失敗 錯誤 危險 困難 拒絕 損壞"
_NEGATING = "not no never without hardly isn't don't doesn't won't can't"

_GOOD, _BAD, _NEGATIONS = (frozenset(words.split()) for words in (_GOOD_WORDS, _BAD_WORDS, _NEGATING))
_GOOD_CHINESE, _BAD_CHINESE = (tuple(words.split()) for words in (_GOOD_IN_CHINESE, _BAD_IN_CHINESE))
_WORD = re.compile(r"[a-z']+")


def sentiment(text: str) -> float:
    """In [-1, 1]: (friendly - unfriendly words) / their number; 0 where there are none."""
    good = sum(text.count(word) for word in _GOOD_CHINESE)
    bad = sum(text.count(word) for word in _BAD_CHINESE)
    words = _WORD.findall(text.lower())
    for place, word in enumerate(words):
        turned = place > 0 and words[place - 1] in _NEGATIONS
        good += (word in _GOOD and not turned) or (word in _BAD and turned)
        bad += (word in _BAD and not turned) or (word in _GOOD and turned)
    return (good - bad) / (good + bad) if good + bad else 0.0
