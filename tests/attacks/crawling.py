"""Following every link of the site: each kind of page, once or twice, as somebody sees it."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.test import Client
from django.urls import Resolver404, resolve

MOST_OF_A_KIND = 2
LINK = re.compile(r'(?:href|src|action)="([^"#]+)')
LEFT_OUT = ("/static/", "/accounts/logout", "/admin/logout")


def crawl(client: Client, *first: str) -> Iterator[tuple[str, Any]]:
    """Each address with its answer, at most so many of a route."""
    waiting, seen, routes = list(first), set[str](), Counter[tuple[str, bool]]()
    while waiting:
        path = waiting.pop(0)
        if path in seen:
            continue
        kind = _kind_of(path)
        if kind is None or routes[kind] >= MOST_OF_A_KIND:
            continue
        seen.add(path)
        routes[kind] += 1
        answer = client.get(path)
        yield path, answer
        if "html" in answer.get("Content-Type", "") and not answer.streaming:
            links = LINK.findall(answer.content.decode())
            waiting += [urljoin(path, unescape(link)) for link in links]
        elif answer.status_code in (301, 302):
            waiting.append(urljoin(path, answer["Location"]))


@cache
def _kind_of(path: str) -> tuple[str, bool] | None:
    """The route of an address, and whether there is a query; pages repeat each other's links."""
    parts = urlsplit(path)
    if parts.netloc or not parts.path.startswith("/") or parts.path.startswith(LEFT_OUT):
        return None
    try:
        return resolve(parts.path).route, bool(parts.query)
    except Resolver404:
        return None
