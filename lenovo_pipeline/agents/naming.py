"""What an agent, a workflow with a model in it, is called as a candidate and as an entry of the roster."""


def agent_name(model: str, workflow: str) -> str:
    """The name of a workflow (its title) with a model (its name in the catalogue)."""
    return f"{model}/{workflow}"


def agent_of(name: str) -> tuple[str, str]:
    """Model and workflow of an agent's name; of any other name a pair that no attempt has."""
    model, _, workflow = name.rpartition("/")
    return model, workflow
