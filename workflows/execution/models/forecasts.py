"""What was foretold by the simulation: when requests will be done, and what queues will be.

Nobody acts on these rows, and no record hangs on them: they are made anew each night, and the first
of each request is kept to be judged by what happened.
"""

from django.db import models
from django.utils.translation import gettext_lazy

from workflows.definitions.models import WorkflowTemplate
from workflows.execution.models.instances import WorkflowInstance


class RequestForecast(models.Model):
    """When a request will be done: half of the simulated courses by `half_at`, nine of ten by
    `most_at`. `held` of `judged` forecasts of the workflow held in the month before it was made."""

    request = models.ForeignKey(
        WorkflowInstance,
        models.CASCADE,
        related_name="forecasts",
        verbose_name=gettext_lazy("request"),
    )
    is_first = models.BooleanField(gettext_lazy("the first one"))
    made_at = models.DateTimeField(gettext_lazy("made at"))
    half_at = models.DateTimeField(gettext_lazy("perhaps by"))
    most_at = models.DateTimeField(gettext_lazy("most likely by"))
    judged = models.PositiveIntegerField(gettext_lazy("forecasts judged"), default=0)
    held = models.PositiveIntegerField(gettext_lazy("forecasts that held"), default=0)

    class Meta:
        verbose_name = gettext_lazy("forecast of a request")
        verbose_name_plural = gettext_lazy("forecasts of requests")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["request", "is_first"], name="one_first_and_one_newest_forecast"
            ),
        ]
        indexes = [models.Index(fields=["most_at"], name="forecast_by_when_it_is_due")]

    def __str__(self) -> str:
        return f"{self.request_id}: {self.most_at:%Y-%m-%d}"


class QueueForecast(models.Model):
    """What the queue of a step will be at a moment: eight of ten simulated courses lie from `low`
    to `high`. `actual` is what it was, once that moment is over."""

    template = models.ForeignKey(
        WorkflowTemplate,
        models.CASCADE,
        related_name="queue_forecasts",
        verbose_name=gettext_lazy("workflow"),
    )
    step_key = models.CharField(gettext_lazy("key of the step"), max_length=60)
    step_name = models.CharField(gettext_lazy("step"), max_length=200)
    role = models.CharField(gettext_lazy("role"), max_length=60, blank=True)
    made_at = models.DateTimeField(gettext_lazy("made at"))
    for_at = models.DateTimeField(gettext_lazy("for"))
    queue_now = models.PositiveIntegerField(gettext_lazy("queue then"))
    low = models.PositiveIntegerField(gettext_lazy("at least"))
    middle = models.PositiveIntegerField(gettext_lazy("in the middle"))
    high = models.PositiveIntegerField(gettext_lazy("at most"))
    actual = models.PositiveIntegerField(gettext_lazy("as it was"), null=True)
    drowns = models.BooleanField(gettext_lazy("its role drowns"), default=False)
    judged = models.PositiveIntegerField(gettext_lazy("forecasts judged"), default=0)
    held = models.PositiveIntegerField(gettext_lazy("forecasts that held"), default=0)

    class Meta:
        verbose_name = gettext_lazy("forecast of a queue")
        verbose_name_plural = gettext_lazy("forecasts of queues")
        default_permissions = ()
        indexes = [models.Index(fields=["template", "made_at"], name="queue_forecasts_newest")]

    def __str__(self) -> str:
        return f"{self.step_key}: {self.low} to {self.high} on {self.for_at:%Y-%m-%d}"
