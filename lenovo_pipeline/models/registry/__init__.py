"""The adapter registry: every adapter by content, with its base and what made it; previous versions stay and can be restored.

`register` adds what was made, `champions` says which one to use, `mlflow_models` tells MLflow the same, `loading` opens one,
`reader` and `__main__` show the published ones.
"""
