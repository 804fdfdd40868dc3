"""Evidence by words: BM25 over the passages (knowledge/keyword_index).

Belongs here: the source `keyword`. Does not belong here: the index and its tokenizer (knowledge).
"""

from dataclasses import dataclass
from typing import Any

from lenovo_pipeline.knowledge.keyword_index import KeywordIndex
from lenovo_pipeline.retrieval.interface import Filters, Request, Result, request
from lenovo_pipeline.retrieval.ranking import Candidate, narrows, of_passages, result
from lenovo_pipeline.retrieval.register import Register

PASSAGES_PER_RECORD = 8
"""Passages looked at for each record wanted: several good ones are often of one record."""


@dataclass(frozen=True)
class KeywordRetriever:
    """The source `keyword`."""

    index: KeywordIndex
    register: Register
    record_of: dict[str, str]
    """Chunk id -> record id."""
    name: str = "keyword"

    def retrieve(self, question: str, k: int = 10, filters: Filters | dict[str, Any] | None = None) -> Result:
        asked = request(question, k, filters)
        if asked.empty:
            return Result(notes=asked.notes)
        found = self.candidates(asked)
        return result(self.name, asked, found, self.register, "no passage shares a telling word with the question")

    def candidates(self, asked: Request) -> list[Candidate]:
        """See ranking.Searcher."""
        depth = len(self.index.ids) if narrows(asked.filters) else asked.k * PASSAGES_PER_RECORD
        found = self.index.search(asked.question, max(depth, 1))
        return of_passages(found, asked, self.record_of, self.register, _why)


def _why(score: float) -> str:
    return f"a passage shares words with the question (BM25 {score:.1f})"
