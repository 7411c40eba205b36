"""A PostgreSQL of the suite's own, as in production: it writes through to its disk. It may be killed."""

import signal
import subprocess
from pathlib import Path

import psycopg
import services
from processes import free_port, wait_until

#: Small enough for a small disk, and for crash recovery to take a moment alone.
_SETTINGS = {"max_wal_size": "64MB", "min_wal_size": "32MB", "max_connections": "200"}


class Cluster:
    def __init__(self, folder: Path, data: Path) -> None:
        """``data`` is an empty folder of the server's user."""
        self._postgres, initdb = (
            services.program(name, "usr/lib/postgresql/*/bin", package="postgresql") for name in ("postgres", "initdb")
        )
        made = [initdb, "-D", str(data), "-U", "yizhan", "--auth=trust", "--encoding=UTF8", "--locale=C"]
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL, user=services.unprivileged())
        self.log = folder / "postgresql.log"
        self.url = f"postgresql://yizhan@127.0.0.1:{(port := free_port())}/postgres"
        settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": folder, **_SETTINGS}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self._command = [self._postgres, "-D", str(data), *map(str, options)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return once it takes connections, if it did not end by itself, after what it was."""
        if self._process is None or self._process.poll() is not None:
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(
                    self._command, stdout=log, stderr=log, user=services.unprivileged(), start_new_session=True
                )
        wait_until(self._answers, seconds=60, what=f"PostgreSQL takes connections; see {self.log}")

    def stop(self, how: signal.Signals) -> None:
        """SIGINT: at once, in good order. SIGQUIT: as in a crash."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(how)
            self._process.wait(60)

    def version(self) -> str:
        told = subprocess.run([self._postgres, "--version"], check=True, capture_output=True, text=True).stdout
        return told.split()[2]  # postgres (PostgreSQL) 17.2 (…)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True
