"""Running a workflow: LangGraph and smolagents, models and tools recorded, checkpoints, replays, traces, debugging."""
