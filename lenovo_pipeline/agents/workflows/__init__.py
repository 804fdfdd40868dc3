"""Workflow definitions: what they say, whether they hold, how they are kept, exported, imported and drawn."""
