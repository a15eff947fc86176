"""Where Django finds the models of the reports; each lies with its subject."""

from reporting.bottlenecks.models import LookAtPeople
from reporting.costs.models import CallRate, RoleRate
from reporting.reviews.models import Decision, Finding, Review
from reporting.rollups.models import Freshness, RequestRollUp, StaleCell, StepRollUp

__all__ = [
    "CallRate",
    "Decision",
    "Finding",
    "Freshness",
    "LookAtPeople",
    "RequestRollUp",
    "Review",
    "RoleRate",
    "StaleCell",
    "StepRollUp",
]
