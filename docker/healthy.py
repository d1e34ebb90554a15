"""Whether a service is well, for its container's health check: `python -I docker/healthy.py
scheduler`.

It asks what the service says of itself over HTTP; starting Airflow only to ask costs seconds of
processor each time.
"""

import http.client
import json
import os
import sys
from urllib.parse import urlsplit


def ask(host: str, port: int, path: str) -> tuple[int, bytes]:
    """Status and body of an answer."""
    connection = http.client.HTTPConnection(host, port, timeout=20)
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read()


def well(service: str) -> bool:
    """What a service says of itself; a worker, whose tasks' logs can be read while it lives, says
    no more than that."""
    setting = os.environ.get
    if service == "scheduler":
        port = int(setting("AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT", "8974"))
        return ask("127.0.0.1", port, "/health")[0] == http.client.OK
    if service == "worker":
        ask("127.0.0.1", int(setting("AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT", "8793")), "/")
        return True
    server = urlsplit(setting("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", "http://127.0.0.1:8080"))
    told = json.loads(ask(server.hostname or "", server.port or 80, "/api/v2/monitor/health")[1])
    part = {"api-server": "metadatabase", "dag-processor": "dag_processor"}.get(service, service)
    return bool(told[part]["status"] == "healthy")


if __name__ == "__main__":
    try:
        sys.exit(0 if well(sys.argv[1]) else f"{sys.argv[1]} does not say that it is well.")
    except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
        sys.exit(f"{sys.argv[1]} does not answer: {type(error).__name__}")
