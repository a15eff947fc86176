"""The WSGI application, for gunicorn."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


class UnderPath:
    """A site under a path: a proxy may pass the whole path on, or leave the site's own part out."""

    def __init__(self, site: Callable[..., Iterable[bytes]], path: str) -> None:
        self.site = site
        self.path = path

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path_info = environ.get("PATH_INFO", "")
        if self.path and (path_info == self.path or path_info.startswith(f"{self.path}/")):
            environ["PATH_INFO"] = path_info[len(self.path) :] or "/"
        return self.site(environ, start_response)


def _build_application() -> UnderPath:
    site = get_wsgi_application()
    from django.conf import settings
    from django.urls import get_resolver

    # Every page is imported before there are workers, and not by each at its first request.
    _ = get_resolver().url_patterns
    return UnderPath(site, settings.SITE_PATH)


application = _build_application()
