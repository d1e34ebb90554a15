"""What OpenLineage is told of our tasks (数据血缘): which datasets a step read and wrote, and their
columns; no value.

Off until ``AIRFLOW__OPENLINEAGE__TRANSPORT`` says where events go; `StepLineage` is then named in
``AIRFLOW__OPENLINEAGE__EXTRACTORS`` (docs/operations.md). Only the provider imports this module.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from airflow.providers.openlineage.extractors.base import BaseExtractor, OperatorLineage
from openlineage.client.event_v2 import Dataset
from openlineage.client.facet_v2 import documentation_dataset, schema_dataset

from shouwang.county.contract import Contract
from shouwang.store.tables import release_item, warning
from shouwang.workspace.workspace import Workspace, load_workspace


class StepLineage(BaseExtractor):
    """Inputs and outputs of the steps that make something of something; the others' events have
    none."""

    @classmethod
    def get_operator_classnames(cls) -> list[str]:
        return ["_PythonDecoratedOperator"]

    def _execute_extraction(self) -> OperatorLineage:
        return OperatorLineage()  # known when the step has ended

    def extract_on_complete(self, task_instance: Any) -> OperatorLineage:
        workspace, step = load_workspace(), str(task_instance.task_id)
        name = str(task_instance.dag_id).rpartition(".")[2].removeprefix("exchange_")
        contract = workspace.county.contract(self.operator.op_kwargs.get("department", name))
        contracts, registry = workspace.county.contracts.values(), workspace.county.registry
        warnings = _dataset(
            workspace, "warnings", "预警", ((c.name, str(c.type)) for c in warning.c)
        )
        if step in ("load", "catch_up") and contract:
            return OperatorLineage([_handed(workspace, contract)], [_recorded(workspace, contract)])
        if step == "load_registry":
            return OperatorLineage([_handed(workspace, registry)], [_recorded(workspace, registry)])
        if step == "screen":
            return OperatorLineage(
                [_recorded(workspace, each) for each in (registry, *contracts)], [warnings]
            )
        if step == "release":
            lists = _dataset(
                workspace, "lists", "乡镇名单", ((c.name, str(c.type)) for c in release_item.c)
            )
            return OperatorLineage([warnings], [lists])
        return OperatorLineage()


def _handed(workspace: Workspace, contract: Contract) -> Dataset:
    """What a department hands over, in the words of its contract."""
    return _of_contract(workspace, "inbox", contract)


def _recorded(workspace: Workspace, contract: Contract) -> Dataset:
    """What of it is in force in the ledger."""
    return _of_contract(workspace, "ledger", contract)


def _of_contract(workspace: Workspace, place: str, contract: Contract) -> Dataset:
    columns = ((name, column.type) for name, column in contract.columns.items())
    return _dataset(
        workspace,
        f"{place}/{contract.department}/{contract.dataset}",
        f"{contract.title} {contract.dataset_title}",
        columns,
    )


def _dataset(
    workspace: Workspace, name: str, said: str, columns: Iterable[tuple[str, str]]
) -> Dataset:
    """A dataset of the county, by its division code."""
    settings = workspace.county.settings
    fields = [
        schema_dataset.SchemaDatasetFacetFields(name=column, type=kind) for column, kind in columns
    ]
    return Dataset(
        namespace=f"shouwang://{settings.code}",
        name=name,
        facets={
            "schema": schema_dataset.SchemaDatasetFacet(fields=fields),
            "documentation": documentation_dataset.DocumentationDatasetFacet(
                description=f"{settings.name} {said}"
            ),
        },
    )
