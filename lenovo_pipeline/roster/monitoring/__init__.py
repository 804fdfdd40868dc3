"""Watching what the roster runs: requests are logged, windows judged, alerts raised, and a bad champion is rolled back.

Belongs here: everything between a served request and a rollback, in data/store/monitoring.db and a process of its own.
Does not belong here: what runs where (the ledger of deployments), and deciding on evidence (decide.py).
"""
