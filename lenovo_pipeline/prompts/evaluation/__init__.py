"""Evaluation prompts: tasks over the world's records with known answers. tasks_*.py say what is asked, make.py how much of it."""
