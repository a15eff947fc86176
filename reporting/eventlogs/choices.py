"""Codes of what becomes of an event log when it is read."""

from django.db import models
from django.utils.translation import gettext_lazy


class PassedReason(models.TextChoices):
    """Why an event became no row."""

    ABORTED = "aborted", gettext_lazy("work that was called off")
    NOT_COMPLETED = "not_completed", gettext_lazy("work that was begun and not completed")
    ASSIGNED = "assigned", gettext_lazy("only says who has the work")
    SKIPPED = "skipped", gettext_lazy("work that was skipped")
    NO_WORK = "no_work", gettext_lazy("suspends or resumes nothing that was begun")
    OTHER = "other", gettext_lazy("a life cycle that is not known here")
    BLANK = "blank", gettext_lazy("an empty row")
    OF_NO_CASE = "of_no_case", gettext_lazy("belongs to no object of the chosen type")


class ReadingNote(models.TextChoices):
    """What was read with a grain of salt."""

    STATUS = "status", gettext_lazy("has a status, not a step of a life cycle")
    SKEW = "skew", gettext_lazy("its moments differ by the clocks of two machines")


class FaultCode(models.TextChoices):
    """Why a row cannot be used."""

    NO_TIME = "no_time", gettext_lazy("no time that can be read")
    OUT_OF_BOUNDS = "out_of_bounds", gettext_lazy("a time that cannot be meant")
    EMPTY = "empty", gettext_lazy("an empty name")
    TOO_LONG = "too_long", gettext_lazy("a name that is too long")
    NO_END = "no_end", gettext_lazy("no end")
    STARTS_LATE = "starts_late", gettext_lazy("starts after it ends")
    ENABLED_LATE = "enabled_late", gettext_lazy("is there after it starts")
    CELLS = "cells", gettext_lazy("another number of cells than the header")
    NO_CASE = "no_case", gettext_lazy("belongs to no case")


class PlaceKind(models.TextChoices):
    """What a place in a file is counted by."""

    LINE = "line", gettext_lazy("line")
    EVENT = "event", gettext_lazy("event")
    TRACE = "trace", gettext_lazy("trace")
    TRACE_EVENT = "trace_event", gettext_lazy("event of a trace")
    OBJECT = "object", gettext_lazy("object")
