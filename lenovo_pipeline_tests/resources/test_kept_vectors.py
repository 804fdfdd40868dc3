"""What one run encoded the next one knows; what is damaged, full or gone is encoded again."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lenovo_pipeline.resources.encoders import Encoder, bundled_encoder, text_hash
from lenovo_pipeline.resources.kept_vectors import keeping, read_vectors
from lenovo_pipeline.resources.retention import remove_unused
from lenovo_pipeline.resources.store import Store


class Lengths(Encoder):
    """Encodes a text as its length, and notes what it was asked."""

    def __init__(self) -> None:
        super().__init__(bundled_encoder())
        self.asked: list[str] = []

    def stream(self, texts: Sequence[str]) -> Iterator[tuple[Any, Any]]:
        self.asked += texts
        if texts:
            yield np.arange(len(texts)), np.full((len(texts), self.width), [[len(text)] for text in texts], dtype=np.float32)


@pytest.fixture
def lengths() -> Lengths:
    return Lengths()


def test_a_text_is_encoded_once_in_all_runs(lengths: Lengths, tmp_path: Path) -> None:
    with keeping(lengths, tmp_path, room=10) as run:
        assert run.id == lengths.id
        assert run.encode(["one", "three", "one"])[:, 0].tolist() == [3, 5, 3]
    with keeping(lengths, tmp_path, room=10) as run:
        assert run.encode(["three", "seventh", "one"])[:, 0].tolist() == [5, 7, 3]
    assert lengths.asked == ["one", "three", "one", "seventh"]


def test_what_was_used_last_is_kept_and_no_more_than_half_the_room(lengths: Lengths, tmp_path: Path) -> None:
    with keeping(lengths, tmp_path, room=6) as run:
        run.encode(["a", "bb", "ccc"])
    with keeping(lengths, tmp_path, room=6) as run:
        run.encode(["dddd"])
        run.encode(["a"])
    assert set(read_vectors(tmp_path / "known_vectors" / lengths.id)) == {text_hash(text) for text in ("ccc", "dddd", "a")}


def test_a_run_that_encodes_nothing_new_writes_nothing(lengths: Lengths, tmp_path: Path) -> None:
    with keeping(lengths, tmp_path, room=10):
        pass
    assert not list(tmp_path.iterdir())
    with keeping(lengths, tmp_path, room=10) as run:
        run.encode(["one"])
    (manifest,) = tmp_path.rglob("manifest.json")
    written = manifest.stat().st_mtime_ns
    with keeping(lengths, tmp_path, room=10) as run:
        run.encode(["one"])
    assert manifest.stat().st_mtime_ns == written


def test_a_run_that_fails_keeps_what_it_encoded(lengths: Lengths, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), keeping(lengths, tmp_path, room=10) as run:
        run.encode(["one"])
        raise KeyboardInterrupt
    assert set(read_vectors(tmp_path / "known_vectors" / lengths.id)) == {text_hash("one")}


def test_damaged_vectors_are_encoded_again_and_a_place_that_cannot_be_written_fails_no_run(
    lengths: Lengths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with keeping(lengths, tmp_path, room=10) as run:
        run.encode(["one"])
    (held,) = tmp_path.rglob("vectors.npz")
    held.write_bytes(b"damaged")
    with keeping(lengths, tmp_path, room=10) as run:
        assert run.encode(["one"])[0, 0] == 3
    assert lengths.asked == ["one", "one"]

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with keeping(lengths, tmp_path, room=10) as run:
        assert run.encode(["one", "three"])[:, 0].tolist() == [3, 5]
    assert set(read_vectors(tmp_path / "known_vectors" / lengths.id)) == {text_hash("one")}


def test_an_erasure_takes_them_away(lengths: Lengths, tmp_path: Path) -> None:
    store = Store(tmp_path)
    with keeping(lengths, store.artifacts, room=10) as run:
        run.encode(["What does Ada Example own?"])
    (tmp_path / "published-0").mkdir()
    (tmp_path / "published-0" / "manifest.json").write_text('{"artifacts": []}')
    (tmp_path / "published").symlink_to("published-0")
    removed = remove_unused(store, uncited_after_s=0)
    assert [line.split()[-1] for line in removed] == [f"artifacts/known_vectors/{lengths.id}"]
    assert not list(tmp_path.rglob("vectors.npz"))
