"""From what a source found to ranked records: the short way over passages gives what the long way over all candidates gives."""

import random

import pytest

from lenovo_pipeline.retrieval.interface import Filters, Request
from lenovo_pipeline.retrieval.linking import Linker
from lenovo_pipeline.retrieval.ranking import Candidate, best, of_passages
from lenovo_pipeline.retrieval.register import Record, Register

REGISTER = Register(
    {f"R-{i:02d}": Record("devices" if i % 3 else "incidents", "en", (), ()) for i in range(40)},
    {f"R-{i:02d}": (f"c{i}a", f"c{i}b", f"c{i}c") for i in range(40)},
    {},
    {},
    Linker(()),
)
RECORD_OF = REGISTER.record_of | {"erased": "R-99"}


@pytest.mark.parametrize("filters", [Filters(), Filters(record_types=("incidents",))])
@pytest.mark.parametrize("k", [1, 7, 100])
@pytest.mark.parametrize("seed", range(5))
def test_the_way_over_passages_ends_where_all_candidates_lead(filters: Filters, k: int, seed: int) -> None:
    drawn = random.Random(seed)
    # Few different scores, so that ties lie at every edge.
    passages = sorted(((chunk, drawn.randint(1, 12) / 4) for chunk in RECORD_OF), key=lambda pair: (-pair[1], pair[0]))
    asked = Request("q", k, filters)
    found = of_passages(passages, asked, RECORD_OF, REGISTER, lambda score: f"{score}")
    every = best((Candidate(RECORD_OF[c], score, f"{score}", c) for c, score in passages), asked, REGISTER)
    assert found == every
    assert "R-99" not in {each.record_id for each in found}, "what is not in the register may have been erased"


def test_a_record_counts_by_its_best_and_equal_ones_come_in_the_order_of_their_ids() -> None:
    given = [
        Candidate("R-02", 1.0, "low"),
        Candidate("R-02", 3.0, "high"),
        Candidate("R-03", 3.0, "b"),
        Candidate("R-01", 3.0, "a"),
    ]
    found = best(given, Request("q", 10, Filters()), REGISTER)
    assert [(each.record_id, each.why) for each in found] == [("R-01", "a"), ("R-02", "high"), ("R-03", "b")]
