"""How `lenovo-nano` is made: procedural text, tokenizer, packing, schedule, training loop and the evaluation of its skills.

Belongs here: everything that leads from a seed to the weights under data/models/lenovo-nano. Nothing here knows the
enterprise world: entities, phrasings and values are invented at random, so that what the model learns is to read, not to
remember.
"""
