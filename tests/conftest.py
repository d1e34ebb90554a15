"""What all tests share: the services, the made-up counties, and nothing skipped where it counts.

A test that needs a program of the machine says so: ``@pytest.mark.needs("libreoffice")``. On a
developer's machine without it the test is left out, and the header says so; in CI (``CI=true``) it
fails, and so does whatever is skipped. One that is about root (it mounts, or starts programs as
others) says ``@pytest.mark.root``: an ordinary user leaves it out; ``make test-root`` runs these
alone. ``slow``, ``airflow`` and ``office`` are left out of ``make test ROOM=x``. ``--ran`` tells
``.ci/run`` which tests ran, so that none is left out by both.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from services import PROGRAMS, path_of, postgresql

if TYPE_CHECKING:
    from demo.county import DemoCounty

PROJECT = Path(__file__).resolve().parents[1]
MARKERS = {
    "needs(*programs)": "runs only beside these programs; see tests/services.py",
    "root": "is about what root does; an ordinary user leaves it out",
    "slow": "takes more than some seconds",
    "airflow": "starts an Airflow, or reads the DAGs with it",
    "office": "drives LibreOffice",
}
OFFICE = {"libreoffice", "writer", "uno"}
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
    parser.addoption("--nightly", action="store_true", help="ten times as many drawn examples")


def pytest_configure(config: pytest.Config) -> None:
    for marker, meaning in MARKERS.items():
        config.addinivalue_line("markers", f"{marker}: {meaning}")
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
    missing = [
        f"{name} (apt-get install {program.package})"
        for name, program in PROGRAMS.items()
        if not program.find()
    ]
    what = "will fail, as this is CI" if IN_CI else "are left out"
    lines = (
        ["not root: the tests that are about root are left out (make test-root)"]
        if os.geteuid() != 0
        else []
    )
    if missing:
        lines.append(f"not on this machine, tests that need it {what}: {', '.join(missing)}")
    return lines


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> None:
    """Settings of Hypothesis, before a module's tests take them; other modules do without its
    import."""
    if b"hypothesis" in module_path.read_bytes():
        from hypothesis import settings

        examples = 1000 if parent.config.getoption("nightly") else 100
        settings.register_profile("shouwang", deadline=None, max_examples=examples)
        settings.load_profile("shouwang")  # no deadline: a busy machine is no mistake


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """One worker takes a folder's tests, so that what they share is made once, and all that start
    an Airflow: on a small machine two of them would be in each other's way.

    Not by the mark ``xdist_group``: xdist 3.8 sets it on a field that pytest 9.2 no longer has, and
    groups nothing.
    """
    from xdist.scheduler import LoadScopeScheduling

    class RoomByRoom(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return file if file.count("/") == 1 else file.rpartition("/")[0]

    config.option.loadscopereorder = False  # the longest first: see `_how_long`
    return RoomByRoom(config, log) if config.getoption("dist") == "loadgroup" else None


def _how_long(item: pytest.Item) -> int:
    """Where a test stands in the order of a run: folders with long ones begin, so that no worker is
    left with one at the end. Each worker is dealt two at once: a short one goes to the first."""
    names = ("airflow", "year", "demo", "test_killed.py")
    return next((n for n, name in enumerate(names) if name in item.path.parts), len(names))


def _needed(item: pytest.Item) -> list[str]:
    marked = [name for mark in item.iter_markers("needs") for name in mark.args]
    uses_postgresql = "postgresql_url" in getattr(item, "fixturenames", ())
    return marked + (["postgresql"] if uses_postgresql else [])


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    ordinary = os.geteuid() != 0
    for item in items:
        if "airflow" in item.path.parts:
            item.add_marker("airflow")
        if OFFICE & set(_needed(item)):
            item.add_marker("office")
    left_out = [
        item
        for item in items
        if (ordinary and item.get_closest_marker("root"))
        or (not IN_CI and any(not PROGRAMS[name].find() for name in _needed(item)))
    ]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
    items[:] = sorted((item for item in items if item not in left_out), key=_how_long)


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
def made_county(request: pytest.FixtureRequest) -> Callable[..., DemoCounty]:
    """`demo.county.make_county`: each county is made once on this machine, and then copied.

    Whatever in ``demo/`` changes, all are made anew.
    """
    sources = hashlib.sha256()
    for path in sorted((PROJECT / "demo").iterdir()):
        if path.is_file():
            sources.update(path.read_bytes())
    cache = request.config.cache.mkdir("counties")

    def made(folder: Path, **how: Any) -> DemoCounty:
        from demo.county import make_county

        key = hashlib.sha256(sources.digest() + repr(sorted(how.items())).encode()).hexdigest()
        kept = cache / key[:16]
        if not kept.exists():
            new = cache / f"{key[:16]}.{os.getpid()}"
            county = make_county(new / "county", **how)
            (new / "county.pickle").write_bytes(pickle.dumps(county))
            try:
                new.rename(kept)
            except OSError:  # another process was faster
                shutil.rmtree(new)
        county = pickle.loads((kept / "county.pickle").read_bytes())  # noqa: S301  # our own
        shutil.copytree(kept / "county", folder, dirs_exist_ok=True)
        places = {
            name: folder / getattr(county, name).relative_to(county.folder)
            for name in ("registry", "inbox", "truth")
        }
        return replace(county, folder=folder, **places)

    return made


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
