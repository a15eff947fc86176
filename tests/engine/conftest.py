"""How hypothesis tries things here: as long as a shared machine needs, and no longer."""

from hypothesis import HealthCheck, settings

settings.register_profile("handoff", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("handoff")
