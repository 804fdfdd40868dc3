"""Customising a base model: training sets from the gold train split, LoRA and 4-bit adapters, full fine-tuning, recipe search."""
