"""What goes wrong on purpose, to try the monitor: bad champions, and drift.

Nothing that detects imports this (a contract of import-linter): what is found is found from the requests alone.
"""
