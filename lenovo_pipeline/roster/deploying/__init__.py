"""What runs where, as the operation of the roster changes it: by a run, by a person, by the monitor."""
