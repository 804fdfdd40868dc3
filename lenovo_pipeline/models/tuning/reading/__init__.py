"""The reading adapter: LoRA weights that the domains' adapters of the bundled model go on from, learned from many worlds.

Belongs here: what it is taught, its long training, and whether it fits. Does not belong here: the adapters of a run
(tuning/customising.py).
"""
