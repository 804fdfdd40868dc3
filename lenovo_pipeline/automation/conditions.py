"""When an asset is made again by itself: when something that it is made from has another data version."""

from dagster import AutomationCondition

from lenovo_pipeline.automation.settled import UpstreamSettled


def follow_data_versions() -> AutomationCondition:  # type: ignore[type-arg]
    """True once after a dependency's data version changed, or will in the same tick, until the asset is requested or updated.

    Unlike `eager` it stays still when a dependency was made again without a change, and asks for nothing that is
    missing because nobody has run it yet; edge-triggered, so that a failing asset is not requested for ever. It waits until
    all that lies upstream is settled, so that nothing is made ahead of what it is made from.
    """
    changed = AutomationCondition.any_deps_match(
        AutomationCondition.data_version_changed() | AutomationCondition.will_be_requested()
    )
    return (changed.since_last_handled() & UpstreamSettled() & ~AutomationCondition.in_progress()).with_label(
        "follow_data_versions"
    )


def follow_made_partitions() -> AutomationCondition:  # type: ignore[type-arg]
    """As `follow_data_versions`, for partitions that were made before: the first time is a person's decision, or a sensor's.

    Otherwise one change upstream would ask for every model of the catalogue, whether or not anybody wants it.
    """
    return (follow_data_versions() & ~AutomationCondition.missing()).with_label("follow_made_partitions")
