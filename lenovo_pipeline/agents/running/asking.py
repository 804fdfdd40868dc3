"""A task made of words: what somebody says to a workflow, with no goal to be judged by.

Belongs here: turning a conversation into the task that opens a toolbox. Does not belong here: made tasks (agents/tasks).
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

from lenovo_pipeline.agents.tasks.task import Task
from lenovo_pipeline.agents.tools.interface import Actor


def free_task(turns: Sequence[str], customers: Sequence[str] = ()) -> Task:
    """The task of whoever asks this, who may see these customers."""
    said = "\n".join([*turns, *customers])
    return Task(
        task_id=f"ASK-{hashlib.sha256(said.encode()).hexdigest()[:10].upper()}",
        category="asked",
        split="test",
        language="en",
        actor=Actor("agent", frozenset(customers)),
        turns=tuple(turns),
        steps="multi",
        writes=True,
        cluster="asked",
        today=datetime.now(UTC).date().isoformat(),
        reference=(),
    )
