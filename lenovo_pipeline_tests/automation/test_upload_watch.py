"""What the uploads sensor decides follows from two states of the folder alone."""

from lenovo_pipeline.automation.upload_watch import Watch, decide
from lenovo_pipeline.uploads.scan import Fingerprint


def state(**files: str) -> dict[str, Fingerprint]:
    return {f"{name}.csv": Fingerprint((len(content), 1, 1), content) for name, content in files.items()}


def test_nothing_new_starts_nothing() -> None:
    for files in (state(), state(a="1")):
        decision = decide(Watch(files, 3), files)
        assert decision.run_key is None
        assert decision.watch == Watch(files, 3)


def test_new_changed_and_deleted_files_start_a_run_each_with_its_reason() -> None:
    watch = Watch(state(a="1", b="1"))
    for now, reason in (
        (state(a="1", b="1", c="1"), "1 new, 0 changed, 0 deleted uploads."),
        (state(a="2", b="1"), "0 new, 1 changed, 0 deleted uploads."),
        (state(a="1"), "0 new, 0 changed, 1 deleted uploads."),
        (state(a="2", c="1"), "1 new, 1 changed, 1 deleted uploads."),
        (state(), "0 new, 0 changed, 2 deleted uploads."),
    ):
        decision = decide(watch, now)
        assert decision.run_key is not None
        assert (decision.reason, decision.watch.prints) == (reason, now)


def test_a_renamed_file_starts_a_run() -> None:
    decision = decide(Watch(state(a="1")), state(b="1"))
    assert decision.reason == "1 new, 0 changed, 1 deleted uploads."


def test_a_touched_file_is_remembered_but_starts_nothing() -> None:
    touched = {"a.csv": Fingerprint((1, 99, 99), "1")}
    decision = decide(Watch(state(a="1"), 2), touched)
    assert decision.run_key is None
    assert decision.watch == Watch(touched, 2)


def test_a_file_that_becomes_unreadable_or_readable_again_starts_a_run() -> None:
    unreadable = {"a.csv": Fingerprint((0, 0, 0), None, "it cannot be read")}
    broke = decide(Watch(state(a="1")), unreadable)
    assert broke.run_key is not None
    assert decide(broke.watch, unreadable).run_key is None
    assert decide(broke.watch, state(a="1")).run_key is not None


def test_content_that_comes_back_starts_a_run_under_a_key_of_its_own() -> None:
    keys = []
    watch = Watch({})
    for files in (state(a="1"), state(a="2"), state(a="1"), state(), state(a="1")):
        decision = decide(watch, files)
        watch = Watch.from_json(decision.watch.to_json())
        keys.append(decision.run_key)
    assert None not in keys
    assert len(set(keys)) == len(keys)


def test_the_same_tick_asked_twice_gives_the_same_key() -> None:
    watch = Watch(state(a="1"), 4)
    assert decide(watch, state(a="2")) == decide(watch, state(a="2"))


def test_memory_survives_the_cursor_and_unreadable_memory_counts_as_none() -> None:
    watch = Watch({**state(a="1", b="2"), "sub/ü.csv": Fingerprint((0, 0, 0), None, "it cannot be read")}, 7)
    assert Watch.from_json(watch.to_json()) == watch
    broken = [
        "nonsense",
        "[]",
        '{"prints": 5}',
        '{"prints": {"a": 1}}',
        '{"prints": {"a": [[], "x", null]}}',
        '{"requests": "x"}',
    ]
    for text in (None, "", "{}", *broken):
        assert Watch.from_json(text) == Watch({})
