"""Settings of the tests: as embedded, with nothing kept and nothing forgiven."""

import os
import tempfile

os.environ.setdefault("HANDOFF_VAR", tempfile.mkdtemp(prefix="handoff-tests-"))

from config.settings import *  # noqa: F403
from config.settings import DATABASES, TEMPLATES


class _Missing(str):
    """A template that names what is not there fails the test."""

    def __contains__(self, item: object) -> bool:
        return item == "%s"

    def __mod__(self, missing: object) -> str:
        raise AssertionError(f"The template names {missing!r}, which is not there.")


PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS = {}
DATABASES["default"]["CONN_MAX_AGE"] = 0
TEMPLATES[0]["OPTIONS"]["string_if_invalid"] = _Missing("%s")
