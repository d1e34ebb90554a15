"""A StatsD server on loopback that keeps what it is sent."""

from __future__ import annotations

import socket
import threading
import time

PATIENCE = 60


class Metrics:
    """``with Metrics() as metrics:`` ``metrics.lines`` are the figures that came, as they were
    written."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)

    @property
    def settings(self) -> dict[str, str]:
        """What tells Airflow to send its metrics here, as docs/operations.md says."""
        return {
            "AIRFLOW__METRICS__STATSD_ON": "True",
            "AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1",
            "AIRFLOW__METRICS__STATSD_PORT": str(self._socket.getsockname()[1]),
            "AIRFLOW__METRICS__STATSD_INFLUXDB_ENABLED": "True",
            "AIRFLOW__METRICS__LEGACY_NAMES_ON": "False",
        }

    def __enter__(self) -> Metrics:
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _listen(self) -> None:
        while True:
            try:
                self.lines += self._socket.recv(65_536).decode().split("\n")
            except OSError:
                return  # closed

    def wait_for(self, start: str) -> list[str]:
        """Every line there is, as soon as one begins so."""
        until = time.monotonic() + PATIENCE
        while not any(line.startswith(start) for line in self.lines):
            assert time.monotonic() < until, (
                f"{start} did not come; there are {sorted(set(self.lines))[:50]}"
            )
            time.sleep(0.05)
        return list(self.lines)
