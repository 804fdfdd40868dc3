"""What every stage measures with: candidates, the runner, score tables, metrics and statistics. Pure Python, no Dagster."""
