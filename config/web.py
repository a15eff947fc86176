"""How gunicorn serves the embedded mode: `gunicorn -c python:config.web config.wsgi`."""

from typing import Any

from config.parent_process import end_with_parent, wait_for_gate

workers = 2
threads = 4
loglevel = "warning"
control_socket_disable = True
# The program is read once, by the master: a worker that ended is replaced at once.
preload_app = True
# A busy machine is no reason to take a process for dead.
timeout = 120
graceful_timeout = 5
# Whatever a process gathers in months, it is renewed at times; the two not at once.
max_requests = 50_000
max_requests_jitter = 10_000


def on_starting(server: Any) -> None:
    """The program is read by now; workers are made once the site is prepared."""
    wait_for_gate()


def when_ready(server: Any) -> None:
    """The master leaves with its supervisor; its workers leave with it."""
    end_with_parent()
