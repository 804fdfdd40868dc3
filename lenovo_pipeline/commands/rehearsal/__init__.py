"""Rehearsing a change on copies: which assets would the next run make again, found out before the change is made."""
