"""Settings of the tests: as embedded, with nothing kept and nothing forgiven."""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path
from types import FrameType

if "HANDOFF_VAR" not in os.environ:  # set for the parallel workers, which start after this
    os.environ["HANDOFF_VAR"] = tempfile.mkdtemp(prefix="handoff-tests-")
    atexit.register(shutil.rmtree, os.environ["HANDOFF_VAR"], ignore_errors=True)

from config.settings import *  # noqa: F403
from config.settings import BASE_DIR, DATABASES, TEMPLATES


class _Missing(str):
    """Fails the test when one of our own templates names what is not there.

    Django's and Unfold's templates lean on a missing name being empty, so they are let off:
    the template that is at work is found on the call stack, which no other hook is told.
    """

    __slots__ = ()

    def __bool__(self) -> bool:
        caller = sys._getframe(1)
        template = _template_at_work(caller)
        if caller.f_code.co_name == "resolve" and template.is_relative_to(BASE_DIR / "templates"):
            raise AssertionError(f"{template} names {caller.f_locals['self'].var}, not there.")
        return False


def _template_at_work(frame: FrameType | None) -> Path:
    while frame is not None:
        if frame.f_code.co_name == "render_annotated":
            return Path(frame.f_locals["self"].origin.name)
        frame = frame.f_back
    return Path("unknown")


PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# A code of a second factor holds for good: none ends while the test that was told it still runs.
MFA_TOTP_PERIOD = 1000 * 365 * 24 * 60 * 60
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
HAS_BROKER = False
CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS = {}
DATABASES["default"]["CONN_MAX_AGE"] = 0
# Else each test client looks through all static files, to serve none of them.
WHITENOISE_AUTOREFRESH = True
TEMPLATES[0]["OPTIONS"]["string_if_invalid"] = _Missing()
CACHES = {
    name: {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": name}
    for name in ("default", "process")
}
