"""One made-up county for all tests of recognition."""

from __future__ import annotations

import pytest
from recognition_builders import World, make_world

from shouwang.county.contract import Contract
from shouwang.county.settings import County
from shouwang.workspace.workspace import load_workspace


@pytest.fixture(scope="session")
def county() -> County:
    """The county as it ships."""
    return load_workspace({}).county


@pytest.fixture(scope="session")
def world(county: County, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Its tables and people."""
    return make_world(tmp_path_factory.mktemp("recognised"), county)


@pytest.fixture(scope="session")
def contracts(county: County) -> dict[str, Contract]:
    """Every contract, the registry's too."""
    return {**county.contracts, "registry": county.registry}
