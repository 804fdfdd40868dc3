"""Adversarial scenarios: pure, seeded transformations of a prompt that say what the right answer is afterwards."""
