"""One interface to language models, and five ways to reach one: see `resource.Inference`."""

from lenovo_pipeline.resources.inference.backend import Backend, TextStream
from lenovo_pipeline.resources.inference.errors import BatchInterrupted, GenerationFailed, ModelUnavailable
from lenovo_pipeline.resources.inference.messages import (
    Completion,
    GenerationSettings,
    Message,
    ModelIdentity,
    ModelSource,
    Price,
    Reach,
    Tool,
    ToolCall,
)
from lenovo_pipeline.resources.inference.resource import Inference

__all__ = [
    "Backend",
    "BatchInterrupted",
    "Completion",
    "GenerationFailed",
    "GenerationSettings",
    "Inference",
    "Message",
    "ModelIdentity",
    "ModelSource",
    "ModelUnavailable",
    "Price",
    "Reach",
    "TextStream",
    "Tool",
    "ToolCall",
]
