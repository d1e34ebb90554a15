"""What all tests share: the services, and nothing skipped where it counts.

A test that needs a program of the machine says so: ``@pytest.mark.needs("libreoffice")``. On a
developer's machine without it the test is left out, and the header says so; in CI (``CI=true``) it
fails, and so does whatever is skipped. One that is about root (it mounts, or starts programs as
others) says ``@pytest.mark.root``: an ordinary user leaves it out; ``make test-root`` runs these
alone. ``--ran`` tells ``.ci/run`` which tests ran, so that none is left out by both.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from services import PROGRAMS, path_of, postgresql

settings.register_profile("shouwang", deadline=None)  # a busy machine is no mistake
settings.load_profile("shouwang")

PROJECT = Path(__file__).resolve().parents[1]
AIRFLOWS = (
    "test_airflow_month.py",
    "test_airflow_questions.py",
    "test_airflow_demo.py",
    "test_airflow_spread.py",
)
"""Files that start an Airflow: on a small machine two of them would be in each other's way."""
for name in [
    name for name in os.environ if name.startswith("SHOUWANG_") and name != "SHOUWANG_UPDATE_GOLDEN"
]:
    del os.environ[name]  # a real county's: no test may reach it
os.environ["SHOUWANG_KEYS"] = "hash:" + "aGFzaA" * 7 + "a= k1:" + "c2VhbGluZw" * 4 + "aaa="
"""Two workspaces of a test can be compared row by row when they have the same keys; tests of keys take
them away."""
IN_CI = os.environ.get("CI", "").lower() in ("1", "true", "yes")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--ran", type=Path, help="a file for the names of the tests that ran, a line each"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "needs(*programs): runs only beside these programs; see tests/services.py"
    )
    config.addinivalue_line(
        "markers", "root: is about what root does; an ordinary user leaves it out"
    )
    if (path := config.getoption("ran")) and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Ran(path))


class Ran:
    """Writes down which tests ran."""

    def __init__(self, path: Path) -> None:
        self.path, self.names = path, list[str]()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "setup":
            self.names.append(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        self.path.write_text("".join(f"{name}\n" for name in self.names))


def pytest_report_header() -> list[str]:
    if os.geteuid() != 0:
        return [
            "not root: the tests that are about root are left out (make test-root)",
            *_missing(),
        ]
    return _missing()


def _missing() -> list[str]:
    missing = [
        f"{name} (apt-get install {program.package})"
        for name, program in PROGRAMS.items()
        if not program.find()
    ]
    if not missing:
        return []
    what = "will fail, as this is CI" if IN_CI else "are left out"
    return [f"not on this machine, tests that need it {what}: {', '.join(missing)}"]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """One worker takes the tests of `AIRFLOWS`, another those of the year, which is told once; the
    rest one by one.

    Not by the mark ``xdist_group``: xdist 3.8 sets it on a field that pytest 9.2 no longer has, and
    groups nothing.
    """
    from xdist.scheduler import LoadScopeScheduling

    class OneAirflowAtATime(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = Path(nodeid.partition("::")[0])
            return (
                "Airflow"
                if file.name in AIRFLOWS
                else "the year"
                if file.parent.name == "year"
                else nodeid
            )

    return OneAirflowAtATime(config, log) if config.getoption("dist") == "loadgroup" else None


def _needed(item: pytest.Item) -> list[str]:
    marked = [name for mark in item.iter_markers("needs") for name in mark.args]
    uses_postgresql = "postgresql_url" in getattr(item, "fixturenames", ())
    return marked + (["postgresql"] if uses_postgresql else [])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    ordinary = os.geteuid() != 0
    left_out = [
        item
        for item in items
        if (ordinary and item.get_closest_marker("root"))
        or (not IN_CI and any(not PROGRAMS[name].find() for name in _needed(item)))
    ]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    for name in _needed(item):
        if not PROGRAMS[name].find():
            pytest.fail(
                f"needs {name}; install it: apt-get install {PROGRAMS[name].package}", pytrace=False
            )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped; nothing may be skipped in CI."
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    report = yield
    if IN_CI and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid} was skipped whole; nothing may be skipped in CI."
    return report


@pytest.fixture(scope="session")
def project() -> Path:
    """The root of the repository."""
    return PROJECT


@pytest.fixture(scope="session")
def sample() -> Path:
    """The folder of the example counties, where a working copy has one beside it."""
    return PROJECT.parent / "shared" / "sample"


@pytest.fixture(scope="session")
def soffice() -> str:
    """LibreOffice; a test that asks for it is marked ``needs("libreoffice")``."""
    return path_of("libreoffice")


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A private, empty PostgreSQL for this run, as a SQLAlchemy URL."""
    with postgresql() as url:
        yield url


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    """The command line takes others' rights away for its process; the next test starts with the
    usual ones."""
    usual = os.umask(0o022)
    yield
    os.umask(usual)
