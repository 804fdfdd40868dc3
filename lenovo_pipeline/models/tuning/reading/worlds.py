"""What the reading adapter is taught: questions of the train split of many worlds, of other seeds than a run has by default.

Belongs here: making those worlds and choosing among their examples. Does not belong here: what an example says
(training_sets.py).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from lenovo_pipeline.contracts.frames import rows_of
from lenovo_pipeline.enterprise.world import build_world
from lenovo_pipeline.gold.make import make_questions
from lenovo_pipeline.gold.qrels import make_qrels
from lenovo_pipeline.gold.records import evidence_records
from lenovo_pipeline.gold.tables import EVIDENCE_TABLES
from lenovo_pipeline.gold.world import USED_TABLES
from lenovo_pipeline.knowledge.chunks import SOURCES, make_chunks
from lenovo_pipeline.knowledge.splitting import CountTokens
from lenovo_pipeline.models.tuning.leakage import Sentences, messages_of
from lenovo_pipeline.models.tuning.training_sets import make_training_sets


def examples_to_teach(
    seeds: Sequence[int], chunk_tokens: int, count_tokens: CountTokens, say: Callable[[str], None], scale: float = 1.0
) -> list[dict[str, Any]]:
    """The examples of the train and validation splits of the worlds of these seeds, in their order.

    A split belongs to an entity whatever the seed, and so do wordings and templates. Only the causes and steps that articles
    tell in sentences are dealt out anew in each world: what has one that answers a question of any split of any of them is left
    out, so that nobody's test answers are learned by heart.
    """
    examples: list[dict[str, Any]] = []
    asked: list[pd.DataFrame] = []
    for number, seed in enumerate(seeds, start=1):
        frames = build_world(seed, scale, {*EVIDENCE_TABLES, *USED_TABLES, *(name for name in SOURCES if name != "texts")})
        chunks = make_chunks({name: frames[name] for name in SOURCES if name in frames}, chunk_tokens, count_tokens)
        questions = make_questions({name: frames[name] for name in USED_TABLES}, seed, scale)
        records = evidence_records({name: frames[name] for name in EVIDENCE_TABLES})
        made = make_training_sets(questions, make_qrels(questions, chunks), chunks, records, rehearsals=0, seed=seed)
        examples += rows_of(made)
        asked.append(questions[["answer", "aliases", "answer_type"]])
        say(f"world {number} of {len(seeds)}: {len(examples):,} examples so far")
    return without_sentences(examples, pd.concat(asked))


def without_sentences(examples: Sequence[Mapping[str, Any]], asked: pd.DataFrame) -> list[dict[str, Any]]:
    """The examples in which no sentence stands that answers one of the questions."""
    answers = Sentences(asked)
    return [dict(each) for each in examples if not any(answers.inside(message) for message in messages_of(each))]
