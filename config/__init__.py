"""Wires the rest together: settings, addresses, admin site, Celery. Nobody imports it."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
