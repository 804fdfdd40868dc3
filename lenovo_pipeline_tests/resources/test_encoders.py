import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.encoders import (
    Encoder,
    OnnxEncoder,
    ReferenceEncoder,
    RememberingEncoder,
    bundled_encoder,
    encoder_id,
)

_TEXTS = [
    "",
    " \n",
    "🙂",
    ".",
    "The battery of the ThinkPad X1 Carbon Gen 12 drains overnight.",
    "筆記型電腦的電池老化導致續航時間縮短。",
    "笔记本电脑无法开机",
    "Die Überprüfung läuft.",
    "long " * 2_000,
    "電" * 600,
    "0x80070057 E-4312 1802",
]


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("artifacts")


@pytest.fixture(scope="module")
def onnx(artifacts: Path) -> OnnxEncoder:
    return OnnxEncoder(bundled_encoder(), artifacts)


def test_both_paths_give_the_same_unit_vectors(onnx: OnnxEncoder) -> None:
    ours, reference = onnx.encode(_TEXTS), ReferenceEncoder(bundled_encoder()).encode(_TEXTS)
    assert ours.shape == reference.shape == (len(_TEXTS), 384)
    assert ours.dtype == np.float32
    assert np.allclose(np.linalg.norm(ours, axis=1), 1, atol=1e-5)
    assert (ours * reference).sum(axis=1).min() >= 0.999


def test_neighbours_in_a_batch_and_the_order_do_not_matter(onnx: OnnxEncoder) -> None:
    texts = [f"Article {i} " + "about a device " * (i % 40) for i in range(120)]
    together = onnx.encode(texts)
    assert np.allclose(together[::-1], onnx.encode(texts[::-1]), atol=1e-5)
    assert np.allclose(together[[0, 39, 41]], np.concatenate([onnx.encode([texts[i]]) for i in (0, 39, 41)]), atol=1e-5)


def test_256_tokens_are_read_and_no_more(onnx: OnnxEncoder) -> None:
    start = "word " * 254
    vectors = onnx.encode([start, start + "battery " * 50, "word " * 253 + "battery"])
    assert vectors[0] @ vectors[1] > 0.99999
    assert vectors[0] @ vectors[2] < 0.9999


def test_nothing_to_encode_gives_no_vectors(onnx: OnnxEncoder) -> None:
    assert onnx.encode([]).shape == (0, 384)


class Counting(Encoder):
    """Counts the texts that it encodes."""

    def __init__(self, inner: Encoder) -> None:
        super().__init__(inner.folder)
        self.inner = inner
        self.encoded: list[str] = []

    def stream(self, texts: Sequence[str]) -> Iterator[tuple[Any, Any]]:
        self.encoded += texts
        yield from self.inner.stream(texts)


def test_a_text_is_encoded_once_in_a_process_as_long_as_there_is_room(onnx: OnnxEncoder) -> None:
    counting = Counting(onnx)
    remembering = RememberingEncoder(counting, room=2)
    first = remembering.encode(["one", "two", "three"])
    again = remembering.encode(["three", "two", "one", "four"])
    assert remembering.id == onnx.id
    assert np.allclose(again[:3], first[::-1], atol=1e-5)
    assert len(counting.encoded) == 3 + 2, "two are remembered; the third and the new one are not"
    assert remembering.encode([]).shape == (0, 384)


def test_an_encoder_that_was_built_before_needs_neither_torch_nor_onnx(onnx: OnnxEncoder, artifacts: Path) -> None:
    onnx.encode(["built"])
    code = (
        "import sys\nfrom pathlib import Path\nfrom lenovo_pipeline.resources.encoders import OnnxEncoder, bundled_encoder\n"
        "OnnxEncoder(bundled_encoder(), Path(sys.argv[1])).encode(['a'])\n"
        "print([name for name in ('torch', 'onnx', 'transformers') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(artifacts)], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_the_identity_follows_weights_and_settings_not_the_place(tmp_path: Path) -> None:
    shutil.copytree(bundled_encoder(), tmp_path / "copy")
    assert encoder_id(tmp_path / "copy") == encoder_id(bundled_encoder())
    settings = tmp_path / "copy" / "sentence_bert_config.json"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"max_seq_length": 128}))
    assert encoder_id(tmp_path / "copy") != encoder_id(bundled_encoder())


def test_a_folder_that_is_no_encoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PermanentFailure, match=r"lacks config.json.*model.safetensors.*make install"):
        OnnxEncoder(tmp_path, tmp_path)


def test_an_architecture_that_the_graph_cannot_hold_is_refused_with_every_reason(tmp_path: Path) -> None:
    shutil.copytree(bundled_encoder(), tmp_path / "copy")
    config = tmp_path / "copy" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"model_type": "mpnet", "hidden_act": "relu"}))
    with pytest.raises(PermanentFailure, match=r"model_type is 'mpnet'.*hidden_act is 'relu'.*ReferenceEncoder"):
        OnnxEncoder(tmp_path / "copy", tmp_path / "artifacts").encode(["a"])
    assert not list((tmp_path / "artifacts").rglob("*.onnx"))


def test_a_damaged_model_file_says_what_to_delete(tmp_path: Path) -> None:
    encoder = OnnxEncoder(bundled_encoder(), tmp_path)
    encoder.model_file.parent.mkdir(parents=True)
    encoder.model_file.write_bytes(b"half a file")
    with pytest.raises(PermanentFailure, match="Delete"):
        encoder.encode(["a"])
