"""The departments of the organisation: the same for every seed."""

import pandas as pd

DEPARTMENTS: tuple[tuple[str, str, str, str], ...] = (
    ("DPT-ENG", "Engineering", "Beijing", "Designs phones, laptops and servers and keeps their firmware healthy."),
    ("DPT-ITS", "Information Technology", "Hong Kong", "Runs the workplace, the networks and the data centres."),
    ("DPT-SUP", "Customer Support", "Bratislava", "Answers customers' questions and gets their devices working again."),
    ("DPT-SAL", "Sales", "Singapore", "Wins business customers and looks after their accounts."),
    ("DPT-MKT", "Marketing", "Milan", "Tells the market what the products do and for whom they are."),
    ("DPT-FIN", "Finance", "Hong Kong", "Plans, books and reports the money."),
    ("DPT-HRS", "Human Resources", "Morrisville", "Hires people, pays them and helps them grow."),
    ("DPT-SCM", "Supply Chain", "Shenzhen", "Gets parts in and products out, on time."),
    ("DPT-QUA", "Quality Assurance", "Yokohama", "Finds faults before customers do."),
    ("DPT-SVC", "Professional Services", "Stuttgart", "Deploys, migrates and maintains what customers bought."),
    ("DPT-LEG", "Legal and Compliance", "Morrisville", "Keeps contracts sound and rules obeyed."),
    ("DPT-SEC", "Information Security", "Hong Kong", "Protects people, products and data."),
    ("DPT-PRO", "Procurement", "Shenzhen", "Buys materials and services at the right terms."),
    ("DPT-FAC", "Facilities", "Budapest", "Keeps sites safe, open and economical."),
)
"""Id, name, main site and mission."""

STAFFED = tuple(department for department, *_ in DEPARTMENTS[:10])
"""Departments with people of their own in the records; the other four are run by them on the side."""


def make_departments() -> pd.DataFrame:
    """The 14 departments, one row each."""
    return pd.DataFrame(
        [
            {"department_id": d, "name": name, "site": site, "cost_centre": f"CC-{4100 + 10 * i}", "mission": mission}
            for i, (d, name, site, mission) in enumerate(DEPARTMENTS)
        ]
    )
