"""Whether everything that an asset is made from, however far up, stands still and holds: only then may it be made by itself.

Belongs here: the state of what lies upstream, as an automation condition. What starts an asset is in conditions.py.
"""

from typing import Any

from dagster import AssetKey, AutomationCondition, AutomationContext, AutomationResult
from dagster._core.asset_graph_view.asset_graph_view import AssetGraphView
from dagster._core.asset_graph_view.entity_subset import EntitySubset
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionResolvedStatus

Subset = EntitySubset[AssetKey]
"""Of an asset: itself, or those of its partitions."""

_AWAITED = (AssetCheckExecutionResolvedStatus.FAILED, AssetCheckExecutionResolvedStatus.IN_PROGRESS)


class UpstreamSettled(AutomationCondition[AssetKey]):
    """True where nothing upstream is being made, is to be made by another run of this tick, or failed a blocking check.

    A run skips what lies behind a failed blocking check, at any distance; so does this, until the check passes or the asset is
    requested again, when the run decides. It looks at what is, never at what should become of it: a change that nobody follows
    holds nothing up.
    """

    @property
    def name(self) -> str:
        return "upstream_settled"

    async def evaluate(self, context: AutomationContext[AssetKey]) -> AutomationResult[AssetKey]:  # type: ignore[override]
        unsettled = await _look_of(context).unsettled_above(context.key)
        return AutomationResult(context, context.candidate_subset.compute_difference(unsettled))


class _Look:
    """One tick's look at the graph. Assets are evaluated after all that lies above them, so what was requested there is known."""

    def __init__(self, context: AutomationContext[AssetKey]) -> None:
        self._view, self._requests = context.asset_graph_view, context.request_subsets_by_key
        self._unsettled: dict[AssetKey, Subset] = {}
        self._coming: dict[AssetKey, Subset] = {}

    async def unsettled_above(self, key: AssetKey) -> Subset:
        """What of an asset has something above it that is being made, awaits another run, or failed a blocking check."""
        if key not in self._unsettled:
            found = self._view.get_empty_subset(key=key)
            for parent in sorted(self._node(key).parent_keys):
                above = (await self.unsettled_above(parent)).compute_union(await self._unsettled_itself(parent))
                if self._node(parent).partitions_def != self._node(key).partitions_def:
                    # Runs are of one partition, or of none: what is requested there is made by another run, perhaps a later one.
                    above = above.compute_union(self._to_come(parent))
                found = found.compute_union(self._view.compute_child_subset(key, above))
            self._unsettled[key] = found
        return self._unsettled[key]

    async def _unsettled_itself(self, key: AssetKey) -> Subset:
        whole = self._view.get_full_subset(key=key)
        found = await self._view.compute_run_in_progress_subset(key=key, from_subset=whole)
        backfilled = await self._view.compute_backfill_in_progress_subset(key=key, from_subset=whole)
        found = found.compute_union(backfilled)
        if self._requested(key).is_empty and await self._awaits_a_check(key):
            return whole
        return found

    async def _awaits_a_check(self, key: AssetKey) -> bool:
        for check in sorted(self._node(key).check_keys):
            if self._view.asset_graph.get(check).blocking:
                every = self._view.get_full_subset(key=check)
                for status in _AWAITED:
                    if not (await self._view.compute_subset_with_status(check, status, every)).is_empty:
                        return True
        return False

    def _to_come(self, key: AssetKey) -> Subset:
        """What of an asset is requested in this tick, or lies below something that is."""
        if key not in self._coming:
            found = self._requested(key)
            for parent in self._node(key).parent_keys:
                found = found.compute_union(self._view.compute_child_subset(key, self._to_come(parent)))
            self._coming[key] = found
        return self._coming[key]

    def _requested(self, key: AssetKey) -> Subset:
        return self._requests.get(key) or self._view.get_empty_subset(key=key)

    def _node(self, key: AssetKey) -> Any:
        return self._view.asset_graph.get(key)


_last: dict[AssetGraphView, _Look] = {}
"""That of the last tick alone: what lies above one asset lies above many, and a look holds all that was read for it."""


def _look_of(context: AutomationContext[AssetKey]) -> _Look:
    look = _last.get(context.asset_graph_view)
    if look is None:
        _last.clear()
        look = _last[context.asset_graph_view] = _Look(context)
    return look
