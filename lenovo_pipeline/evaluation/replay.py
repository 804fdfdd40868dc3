"""`python -m lenovo_pipeline.evaluation.replay <decision>`: decides again from what is kept, and says what differs.

Belongs here: the command's name alone. Deciding is the roster's business, which stands above evaluation and may import it, not
the other way round: so its module is run by name.
"""

import runpy

if __name__ == "__main__":
    runpy.run_module("lenovo_pipeline.roster.replay", run_name="__main__", alter_sys=True)
