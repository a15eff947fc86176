"""What `make run` started begins when the site is prepared, and ends when `make run` is gone,
however that ended."""

import os
import signal
import threading
import time

PARENT_VARIABLE = "HANDOFF_PARENT"
"""The variable that names the process that supervises this one."""
GATE_VARIABLE = "HANDOFF_GATE"
"""The variable that names the open pipe whose other end is closed when the site is prepared."""
SETTINGS_READ = b"settings\n"
"""The first word of the process that prepares the site."""
GRACE_SECONDS = 15.0


def wait_for_gate() -> None:
    """Wait until the database may be used; at once where nobody said that it may not be.

    A supervisor that is gone opens the gate too: `end_with_parent` sees to that case.
    """
    gate = os.environ.pop(GATE_VARIABLE, "")  # not for what this process starts itself
    if gate.isdigit():
        with os.fdopen(int(gate), "rb") as pipe:
            pipe.read()


def end_with_parent() -> None:
    """Watch the process that started this one, if it asked for that, and end when it is gone.

    A parent that was killed can tell nobody, so its children look each second.
    """
    parent = os.environ.pop(PARENT_VARIABLE, "")  # not for what this process starts itself
    if parent.isdigit():
        threading.Thread(
            target=_watch_parent, args=(int(parent),), name="parent", daemon=True
        ).start()


def _watch_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    # Without cleaning up: whatever hangs in this process would hang that, too.
    os._exit(1)
