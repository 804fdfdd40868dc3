"""The ONNX graph of a BERT sentence encoder, built straight from its weights.

Belongs here: config.json + model.safetensors -> an ONNX file that takes token ids and gives unit vectors.
Does not belong here: tokens, batches and sessions (encoders.py).

The graph is written with ONNX Runtime's own fused operators (domain com.microsoft: EmbedLayerNormalization, Attention,
SkipLayerNormalization, BiasGelu), which are exact for fp32. That needs neither torch nor a tracing exporter.
Architecture: Devlin et al. 2019 (BERT, post-layer-norm); pooling: Reimers and Gurevych 2019 (mean over the attention mask).
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lenovo_pipeline.failures import PermanentFailure

if TYPE_CHECKING:
    import onnx

_OPSET = 17
_IR_VERSION = 8
_FUSED = "com.microsoft"


def unsupported(folder: Path) -> list[str]:
    """Why this graph cannot hold the sentence encoder in `folder`: one line per reason, none if it can."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    expected = {"model_type": "bert", "hidden_act": "gelu"}
    reasons = [f"{name} is {config.get(name)!r}, not {value!r}" for name, value in expected.items() if config.get(name) != value]
    if config.get("position_embedding_type", "absolute") != "absolute":
        reasons.append(f"position_embedding_type is {config['position_embedding_type']!r}, not 'absolute'")
    pooling_file = folder / "1_Pooling" / "config.json"
    pooling = json.loads(pooling_file.read_text(encoding="utf-8")) if pooling_file.exists() else {}
    modes = sorted(name for name, on in pooling.items() if name.startswith("pooling_mode") and on is True)
    if modes not in (["pooling_mode_mean_tokens"], []) or pooling.get("pooling_mode", "mean") != "mean":
        reasons.append(f"pooling is {modes or pooling.get('pooling_mode')}, not the mean")
    kinds = [
        Path(module["type"].replace(".", "/")).name
        for module in json.loads((folder / "modules.json").read_text(encoding="utf-8"))
    ]
    if kinds != ["Transformer", "Pooling", "Normalize"]:
        reasons.append(f"its modules are {kinds}, not Transformer, Pooling, Normalize")
    return reasons


def build_graph(folder: Path) -> "onnx.ModelProto":
    """The encoder in `folder` as an ONNX model.

    Inputs: int32 `input_ids` and `attention_mask` [batch, length]. Output: float32 unit `vectors` [batch, width].
    Raises PermanentFailure listing every weight that is missing and everything about the architecture that does not fit.
    """
    from onnx import TensorProto, checker, helper
    from safetensors.numpy import load_file

    problems = unsupported(folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    loaded = load_file(folder / "model.safetensors")
    weights = {name.removeprefix("bert."): np.asarray(value, dtype=np.float32) for name, value in loaded.items()}
    layers = int(config["num_hidden_layers"])
    problems += [f"weight {name!r} is missing" for name in _weight_names(layers) if name not in weights]
    if problems:
        raise PermanentFailure(
            f"the encoder in {folder} does not fit the ONNX graph: {'; '.join(problems)}",
            remedy="Use ReferenceEncoder (sentence-transformers) for it.",
        )
    graph = _Graph(weights)
    epsilon = float(config["layer_norm_eps"])
    state = graph.node(
        "EmbedLayerNormalization",
        [
            "input_ids",
            "",
            graph.weight("embeddings.word_embeddings.weight"),
            graph.weight("embeddings.position_embeddings.weight"),
            # Only one segment is ever used, so its vector is added to every position beforehand.
            "",
            graph.weight("embeddings.LayerNorm.weight"),
            graph.weight("embeddings.LayerNorm.bias"),
        ],
        fused=True,
        outputs=2,
        epsilon=epsilon,
    )
    for layer in range(layers):
        state = _layer(graph, f"encoder.layer.{layer}", state, int(config["num_attention_heads"]), epsilon)
    _pool(graph, state)
    proto = helper.make_graph(
        graph.nodes,
        "sentence_encoder",
        [helper.make_tensor_value_info(name, TensorProto.INT32, ["batch", "length"]) for name in ("input_ids", "attention_mask")],
        [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["batch", int(config["hidden_size"])])],
        graph.initializers,
    )
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_FUSED, 1)]
    model = helper.make_model(proto, opset_imports=opsets, ir_version=_IR_VERSION)
    checker.check_model(model)
    return model


class _Graph:
    """Nodes and initializers under construction; values are named by a counter."""

    def __init__(self, weights: dict[str, np.ndarray]) -> None:
        self.weights = dict(weights)
        # x + position + segment = x + (position + segment): see the node that embeds.
        self.weights["embeddings.position_embeddings.weight"] = (
            weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
        )
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []

    def constant(self, name: str, value: np.ndarray) -> str:
        from onnx import numpy_helper

        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def weight(self, name: str) -> str:
        return self.constant(name, self.weights[name])

    def node(
        self, kind: str, inputs: list[str], *, fused: bool = False, outputs: int = 1, name: str = "", **attributes: Any
    ) -> str:
        from onnx import helper

        made = [name or f"{kind}_{len(self.nodes)}"]
        made += [f"{made[0]}_{i}" for i in range(1, outputs)]
        self.nodes.append(helper.make_node(kind, inputs, made, domain=_FUSED if fused else "", **attributes))
        return made[0]


def _layer(graph: _Graph, name: str, state: str, heads: int, epsilon: float) -> str:
    parts = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
    joined = np.concatenate([graph.weights[f"{part}.weight"].T for part in parts], axis=1)
    biases = np.concatenate([graph.weights[f"{part}.bias"] for part in parts])
    inputs = [state, graph.constant(f"{name}.qkv.weight", joined), graph.constant(f"{name}.qkv.bias", biases), "attention_mask"]
    attended = graph.node("Attention", inputs, fused=True, num_heads=heads)
    state = _project_and_add(graph, f"{name}.attention.output", attended, state, epsilon)
    inner = graph.node(
        "MatMul", [state, graph.constant(f"{name}.intermediate.weight", graph.weights[f"{name}.intermediate.dense.weight"].T)]
    )
    active = graph.node("BiasGelu", [inner, graph.weight(f"{name}.intermediate.dense.bias")], fused=True)
    return _project_and_add(graph, f"{name}.output", active, state, epsilon)


def _project_and_add(graph: _Graph, name: str, value: str, skip: str, epsilon: float) -> str:
    projected = graph.node("MatMul", [value, graph.constant(f"{name}.weight", graph.weights[f"{name}.dense.weight"].T)])
    norm = [graph.weight(f"{name}.LayerNorm.weight"), graph.weight(f"{name}.LayerNorm.bias")]
    return graph.node(
        "SkipLayerNormalization", [projected, skip, *norm, graph.weight(f"{name}.dense.bias")], fused=True, epsilon=epsilon
    )


def _pool(graph: _Graph, state: str) -> None:
    from onnx import TensorProto

    axis = graph.constant("length_axis", np.array([1], dtype=np.int64))
    last = graph.constant("width_axis", np.array([2], dtype=np.int64))
    least_count = graph.constant("least_count", np.array([1e-9], dtype=np.float32))
    least_norm = graph.constant("least_norm", np.array([1e-12], dtype=np.float32))
    mask = graph.node("Cast", ["attention_mask"], to=TensorProto.FLOAT)
    total = graph.node("ReduceSum", [graph.node("Mul", [state, graph.node("Unsqueeze", [mask, last])]), axis], keepdims=0)
    count = graph.node("Max", [graph.node("ReduceSum", [mask, axis], keepdims=1), least_count])
    mean = graph.node("Div", [total, count])
    norm = graph.node("Max", [graph.node("ReduceL2", [mean], axes=[1], keepdims=1), least_norm])
    graph.node("Div", [mean, norm], name="vectors")


def _weight_names(layers: int) -> list[str]:
    names = [f"embeddings.{part}_embeddings.weight" for part in ("word", "position", "token_type")]
    names += ["embeddings.LayerNorm.weight", "embeddings.LayerNorm.bias"]
    inner = ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"]
    inner += ["attention.output.LayerNorm", "intermediate.dense", "output.dense", "output.LayerNorm"]
    return names + [f"encoder.layer.{i}.{part}.{kind}" for i in range(layers) for part in inner for kind in ("weight", "bias")]
