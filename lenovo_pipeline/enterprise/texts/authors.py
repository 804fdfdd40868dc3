"""Who can have written a text: people hired before it was published."""

from bisect import bisect_right
from datetime import date, datetime
from random import Random

import pandas as pd

from lenovo_pipeline.enterprise.texts.voices import CHINESE


class Authors:
    """Employees by the day they were hired; raises ValueError where there is none at all."""

    def __init__(self, users: pd.DataFrame) -> None:
        hired = sorted(zip(users["hired_on"].tolist(), users["user_id"].tolist(), users["locale"].tolist(), strict=True))
        if not hired:
            raise ValueError("there are no users; texts need authors: make the users first")
        self._all = _Roll([(day, user) for day, user, _ in hired])
        self._by_language = {
            language: _Roll([(day, user) for day, user, locale in hired if CHINESE.get(locale, "en") == language])
            for language in ("en", "zh-Hans", "zh-Hant")
        }
        self.first_day: date = hired[0][0]

    def pick(self, moment: datetime, random: Random, language: str) -> str:
        """Somebody hired on or before that day, of that language if possible.

        Raises LookupError when nobody was hired yet.
        """
        return self._by_language[language].pick(moment, random) or self._all.pick(moment, random) or self._nobody(moment)

    def _nobody(self, moment: datetime) -> str:
        raise LookupError(f"nobody was hired by {moment:%Y-%m-%d}; the first employee came on {self.first_day}")


class _Roll:
    def __init__(self, hired: list[tuple[date, str]]) -> None:
        self._days = [day for day, _ in hired]
        self._users = [user for _, user in hired]

    def pick(self, moment: datetime, random: Random) -> str | None:
        place = bisect_right(self._days, moment.date())
        return self._users[int(random.random() * place)] if place else None
