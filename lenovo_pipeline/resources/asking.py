"""What it takes to ask candidates and to keep what they scored, as one resource.

Belongs here: the bundle alone. Each of its parts is a resource of its own (wiring.py).
"""

from dataclasses import dataclass

from lenovo_pipeline.resources.beside import Beside
from lenovo_pipeline.resources.inference import Inference
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.tracking import Tracking
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import Settings


@dataclass(frozen=True)
class Asking:
    """The models, where scores lie, the settings by which is asked, and the processes that share it."""

    inference: Inference
    warehouse: Warehouse
    store: Store
    tracking: Tracking
    settings: Settings
    beside: Beside
