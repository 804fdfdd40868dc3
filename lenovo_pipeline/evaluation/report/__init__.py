"""The report: pages, data files and logs of what was evaluated."""
