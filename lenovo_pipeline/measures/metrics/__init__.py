"""Metrics of answers behind one interface (metric.py); `basic.py` lists those that every evaluation computes."""
