"""gunicorn's settings: two workers, so that a trial meets real concurrency; the listening socket is handed in."""

import os
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108  # gunicorn makes its heartbeat files there under random names

wsgi_app = "vidkryto_portal.wsgi:application"
bind = [f"fd://{os.environ['VIDKRYTO_PORTAL_FD']}"]
workers = 2
preload_app = True  # one import for both: a quicker start, less memory, and no worker that is up alone
timeout = 600
graceful_timeout = 10
control_socket_disable = True
worker_tmp_dir = str(MEMORY) if os.access(MEMORY, os.W_OK) else None
errorlog = "-"
loglevel = "warning"


def worker_exit(_server: object, _worker: object) -> None:
    """End a worker at once: its requests are done, and taking CKAN apart object by object takes seconds."""
    os._exit(0)


def on_exit(_server: object) -> None:
    """End the master at once, for the same reason; its workers are gone."""
    os._exit(0)
