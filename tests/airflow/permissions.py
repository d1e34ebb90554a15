"""Run by a test in a process of its own, on a scratch Airflow with FAB: who may do what with which
county's DAGs."""

from __future__ import annotations

import json
import os
import sys

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.dag_processing.dagbag import DagBag
from airflow.models.pool import Pool
from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder
from airflow.providers.fab.auth_manager.fab_auth_manager import FabAuthManager
from airflow.utils.session import create_session

PEOPLE = {
    "clerk": ("shouwang_clerk", "qingyuan"),
    "viewer": ("shouwang_viewer", "qingyuan_viewer"),
    "stranger": ("shouwang_clerk",),
}
RIGHTS = {
    "see": ("GET", None),
    "see runs": ("GET", DagAccessEntity.RUN),
    "start": ("POST", DagAccessEntity.RUN),
    "approve": ("PUT", DagAccessEntity.HITL_DETAIL),
    "switch off": ("PUT", None),
}

with get_application_builder() as builder:
    security = builder.sm
    for dag in DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]).dags.values():
        security.sync_perm_for_dag(dag.dag_id, dag.access_control)
    told = {}
    for name, roles in PEOPLE.items():
        found = [security.find_role(role) for role in roles]
        user = security.add_user(name, name, name, f"{name}@localhost", found, password=name)
        told[name] = {
            f"{right} {dag_id}": FabAuthManager().is_authorized_dag(
                method=method, access_entity=entity, details=DagDetails(id=dag_id), user=user
            )
            for right, (method, entity) in RIGHTS.items()
            for dag_id in ("qingyuan.release", "lixi.release")
        }
with create_session() as session:
    told["pools"] = {pool.pool: pool.slots for pool in session.query(Pool)}
sys.stdout.write("RESULT" + json.dumps(told))
