"""What every page costs on a site with large observed maps: CPU seconds a page, the dearest first.

The site holds a generated log of 600 steps and 5,000 ways (`STEPS`, `WAYS`), and the logs in
`LOGS` where that folder is. Pages are found by following links as a superuser does, each kind of
page for each workflow. Beside them stands the same page of a map of seven steps. A page over
`MOST` seconds ends the run with 1.
"""

import csv
import io
import os
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from urllib.parse import urljoin, urlsplit

STEPS = int(os.environ.get("STEPS") or 600)
WAYS = int(os.environ.get("WAYS") or 5_000)
MOST = float(os.environ.get("MOST") or 2.0)
LOGS = Path(os.environ.get("LOGS") or "../shared/data/logs")
EACH = 3
"""So many pages of a kind are opened for each workflow."""
LINK = re.compile(r'(?:href|src)="([^"#]+)')
FILE = re.compile(r"/log/|\.csv")
"""Addresses of files that grow with the log; they are written out piece by piece."""
LEFT_OUT = re.compile(r"/(static|accounts/logout)/|/jsi18n/|\.(css|js|svg|png)$")


def write_log(path: Path, steps: int, ways: int, seed: int = 7) -> None:
    """A log whose observed map has so many steps and so many different ways."""
    chance = random.Random(seed)
    pairs = {(n, n + 1) for n in range(steps - 1)}
    while len(pairs) < ways:
        one = chance.randrange(steps)
        pairs.add((one, min(steps - 1, max(0, one + chance.randint(-40, 60)))))
    unseen: dict[int, list[int]] = {n: [] for n in range(steps)}
    for one, other in sorted(pairs):
        unseen[one].append(other)
    known = {one: list(others) for one, others in unseen.items()}
    left, case, at = len(pairs), 0, datetime(2025, 1, 6, 8, tzinfo=UTC)
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["case_id", "activity", "resource", "start", "end"])
        while left:
            case += 1
            here = next(n for n in range(steps) if unseen[n])
            moment = at + timedelta(hours=case)
            for _ in range(60):
                end = moment + timedelta(minutes=chance.randint(5, 200))
                rows.writerow([f"C{case}", f"Step {here}", f"r{here % 30}", moment, end])
                moment = end + timedelta(minutes=chance.randint(1, 600))
                if unseen[here]:
                    here, left = unseen[here].pop(), left - 1
                elif known[here]:
                    here = chance.choice(known[here])
                else:
                    break


def site(folder: Path) -> None:
    """Migrate, load the demo, bring all logs in, roll up."""
    from django.core.management import call_command

    from workflows.people.models import User

    call_command("migrate", verbosity=0)
    User.objects.create_superuser("root", "root@example.com", "root")
    write_log(folder / "large.csv", STEPS, WAYS)
    sources = {"large-map": folder / "large.csv"}
    for log in sorted(LOGS.glob("*.csv.gz")):
        sources[log.name.removesuffix(".csv.gz").replace("_", "-")] = log
    for key, log in sources.items():
        begun = time.process_time()
        call_command("import_log", key, str(log), verbosity=0, stdout=io.StringIO())
        print(f"{key:28} brought in, {time.process_time() - begun:6.1f} s of CPU", file=sys.stderr)
    begun = time.process_time()
    call_command("roll_up", stdout=io.StringIO())
    print(f"{'rolled up':28} {'':12}{time.process_time() - begun:6.1f} s of CPU", file=sys.stderr)


def kind_of(address: str) -> tuple[str, str]:
    """What kind of page an address is, and which workflow's."""
    from django.urls import Resolver404, resolve

    parts = urlsplit(address)
    try:
        match = resolve(parts.path)
    except Resolver404:
        return parts.path, ""
    names = "&".join(sorted(re.findall(r"(\w+)=", parts.query)))
    whose = next((str(v) for v in match.kwargs.values()), "")
    return f"{match.view_name}?{names}", whose if whose.count("-") or not whose.isdigit() else ""


def pages(client: object) -> Iterator[tuple[str, int, float, int]]:
    """Every page that links lead to: address, status, seconds of CPU, bytes."""
    waiting, known = ["/", "/admin/", "/reports/"], set()
    opened: Counter[tuple[str, str]] = Counter()
    while waiting:
        address = waiting.pop(0)
        kind = kind_of(address)
        if address in known or opened[kind] >= EACH:
            continue
        known.add(address)
        opened[kind] += 1
        begun = time.process_time()
        answer = client.get(address, follow=False)  # type: ignore[attr-defined]
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        yield address, answer.status_code, time.process_time() - begun, len(body)
        if answer.status_code in (301, 302):
            waiting.append(answer["Location"])
        if answer.get("Content-Type", "").startswith("text/html"):
            for found in LINK.findall(body.decode(errors="replace")):
                target = urlsplit(urljoin(address, unescape(found)))
                wanted = target.path + (f"?{target.query}" if target.query else "")
                if not target.netloc and not LEFT_OUT.search(wanted):
                    waiting.append(wanted)


def line(page: tuple[str, int, float, int]) -> str:
    """A page as it is printed."""
    address, status, seconds, size = page
    return f"{seconds:7.2f} s {size / 1024:9.0f} kB  {status}  {address}"


def main() -> int:
    """Make the site, open its pages, print the dearest."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(os.environ.get("KEEP") or name)
        folder.mkdir(exist_ok=True)
        os.environ["HANDOFF_VAR"] = str(folder)
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder / 'site.sqlite3'}")
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
        import django

        django.setup()
        from django.test import Client

        from workflows.people.models import User

        if not (folder / "large.csv").exists():
            site(folder)
        client = Client(SERVER_NAME="127.0.0.1", raise_request_exception=False)
        client.force_login(User.objects.get(username="root"))
        found = []
        for page in pages(client):
            found.append(page)
            if page[2] > MOST or page[1] >= 400:
                print(line(page), file=sys.stderr, flush=True)
    found.sort(key=lambda page: -page[2])
    for page in found[:40]:
        print(line(page))
    files = [page for page in found if FILE.search(page[0])]
    over = [page for page in found if page[2] > MOST and page not in files]
    print(
        f"{len(found) - len(files)} pages and {len(files)} files to keep;"
        f" {len(over)} pages over {MOST} s of CPU"
    )
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
