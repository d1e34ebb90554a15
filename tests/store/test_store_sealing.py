"""Numbers and phones are sealed in the database: what lies on the disk gives none of them up,
whoever has the keys reads on."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from services import path_of, scratch
from shouwang.core.errors import Busy, ConfigError
from shouwang.core.identity import check_characters, clean_numbers
from shouwang.core.month import Month
from shouwang.county.settings import County, read_county
from shouwang.registry.history import COLUMNS, load_snapshot, people_as_of, snapshot
from shouwang.store.database import Database, frame, insert
from shouwang.store.keys import Keys
from shouwang.store.migrate import make_schema, migrate
from shouwang.store.resealing import count_sealed_with, reseal_files, reseal_rows, stop_writers
from shouwang.store.sealing import may_hold_number
from shouwang.store.tables import case, feedback, person, sealing_key, submission
from shouwang.store.turns import turn, turns_taken

NUMBERS = ["532999198506037605", "532999199201261029", "532999197302238574"]
PHONES = ["13887650001", "13887650002", "13887650003"]
TOLD = "电话138 8765 0009，身份证５３２９９９１９８５０６０３７６０５"
KEYS = {name: base64.b64encode(name.encode() * 16).decode() for name in ("k1", "k2")} | {
    "hash": base64.b64encode(b"hash" * 8).decode()
}


def keys_file(path: Path, *names: str) -> Keys:
    path.write_text("".join(f"{name}:{KEYS[name]}\n" for name in names), encoding="utf-8")
    path.chmod(0o600)
    return Keys(path)


@pytest.fixture(scope="module")
def county(project: Path) -> County:
    return read_county(project / "include" / "county")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'shouwang.db'}"
    return scratch(request.getfixturevalue("postgresql_url"), "sealing")


def on_disk(url: str, folder: Path) -> bytes:
    """What a thief of the database gets: SQLite's files, or PostgreSQL's dump."""
    address = sa.make_url(url)
    if address.get_backend_name() == "sqlite":
        return b"".join(path.read_bytes() for path in sorted(folder.glob("shouwang.db*")))
    dump = Path(path_of("postgresql")).resolve().with_name("pg_dump")
    words = [
        "-h",
        str(address.host),
        "-p",
        str(address.port),
        "-U",
        str(address.username),
        str(address.database),
    ]
    return subprocess.run([str(dump), *words], check=True, capture_output=True).stdout


def spelt(text: str) -> list[bytes]:
    """A text as a file may hold it."""
    wide = text.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789"})
    forms = {
        form.encode(encoding)
        for form in (text, wide)
        for encoding in ("utf-8", "utf-16-le", "utf-16-be", "gb18030")
    }
    return sorted(forms | {json.dumps(wide).strip('"').encode()})


def given_up(content: bytes) -> list[bytes]:
    """Which of the planted numbers and phones stand in it."""
    return [
        form
        for text in (*NUMBERS, *PHONES, "138 8765 0009")
        for form in spelt(text)
        if form in content
    ]


def registry() -> pd.DataFrame:
    table = pd.DataFrame({name: pd.Series([None] * 3, dtype="str") for name in COLUMNS})
    table["household_id"], table["name"], table["phone"] = (
        ["1", "1", "2"],
        ["甲", "乙", "丙"],
        PHONES,
    )
    table["birth_date"] = pd.Series(pd.to_datetime(["1985-06-03", "1992-01-26", None])).astype(
        "datetime64[ms]"
    )
    table["township"], table["village"], table["income"] = "大河镇", "下寨村", 9000.0
    table[["id_number", "id_state"]] = clean_numbers(pd.Series(NUMBERS))
    return snapshot(table)


def guessed(content: bytes) -> set[str]:
    """The numbers that the disk confirms to a thief who knows birthday and division and tries all
    thousand."""
    first17 = pd.Series([f"{NUMBERS[0][:14]}{order:03d}" for order in range(1000)], dtype="str")
    numbers = first17 + check_characters(first17)
    ways = [
        [
            f"{digest:016x}"
            for digest in pd.util.hash_array(numbers.to_numpy(dtype=object), categorize=False)
        ]
    ]
    ways += [
        [hashlib.new(name, n.encode()).hexdigest()[:16] for n in numbers]
        for name in ("md5", "sha1", "sha256")
    ]
    return {
        number
        for way in ways
        for number, digest in zip(numbers, way, strict=True)
        if digest.encode() in content
    }


def filled(database: Database, county: County) -> None:
    """A registry, a submission with free text, and an answer."""
    migrate(database, county.contracts.values())
    with database.write() as connection:
        load_snapshot(connection, registry(), Month.parse("2026-09"), "one", "r.xlsx")
        values = {
            "content": ["a", "b"],
            "clue_no": "1",
            "conclusion": "08",
            "file": "f.xlsx",
            "row": [3, 4],
        }
        answers = pd.DataFrame(
            values | {"reason": [TOLD, "已搬走"], "received_at": pd.Timestamp("2026-10-20")}
        )
        insert(connection, feedback, answers)
        connection.execute(
            case.insert().values(
                clue_no="1",
                household_id="1",
                opened_month="2026-09",
                state="s",
                open=True,
                level="红",
                rules="R",
                risks="因病",
                last_month="2026-09",
                measures=TOLD,
            )
        )
        delivered = {
            "submission_id": "d",
            "month": "2026-09",
            "department": "water",
            "dataset": "supplies",
            "version": 1,
        }
        connection.execute(
            submission.insert().values(
                **delivered,
                content="c",
                contract="c",
                status="taken",
                in_force=True,
                files=["w"],
                counts={},
                report={"sheets": [{"left_over": TOLD}]},
                received_at=pd.Timestamp("2026-10-01").to_pydatetime(),
            )
        )


def contents(database: Database) -> dict[str, list[tuple[object, ...]]]:
    with database.read() as connection:
        tables = (person, feedback, case, submission)
        return {
            t.name: sorted(map(repr, frame(connection, sa.select(t)).to_numpy().tolist()))
            for t in tables
        }


def test_trying_all_numbers_of_a_birthday_finds_nobody(
    url: str, county: County, tmp_path: Path
) -> None:
    database = Database(url, keys=keys_file(tmp_path / "keys", "hash", "k1"))
    filled(database, county)
    database.dispose()
    assert guessed(hashlib.sha256(NUMBERS[0].encode()).hexdigest().encode()) == {NUMBERS[0]}
    assert guessed(on_disk(url, tmp_path)) == set()


def test_nothing_that_is_written_can_be_read_from_the_disk(
    url: str, county: County, tmp_path: Path
) -> None:
    database = Database(url, keys=keys_file(tmp_path / "keys", "hash", "k1"))
    filled(database, county)
    assert not given_up(on_disk(url, tmp_path))
    assert "已搬走".encode() in on_disk(url, tmp_path), "text without a number stays as it is"
    with database.read() as connection:
        assert people_as_of(connection, Month.parse("2026-09"))["id_number"].tolist() == NUMBERS
        assert (
            connection.scalar(sa.select(person.c.household_id).where(person.c.phone == PHONES[2]))
            == "2"
        )
    database.dispose()


def test_after_a_rotation_all_is_as_before_and_the_old_key_can_go(
    url: str, county: County, tmp_path: Path
) -> None:
    database = Database(url, keys=keys_file(tmp_path / "keys", "hash", "k1"))
    filled(database, county)
    before, folder = contents(database), tmp_path / "vault"
    folder.mkdir()
    (folder / "sealed").write_bytes(database.keys.seal_file(b"content"))
    keys_file(tmp_path / "keys", "hash", "k1", "k2")
    contracts = county.contracts.values()
    with database.write() as connection:
        assert count_sealed_with(connection, contracts, [folder], "k1") > 3
        assert reseal_files(database.keys, [folder], ["k1"]) == 1
        assert reseal_rows(connection, contracts, ["k1"]) > 2
        connection.rollback()
    assert contents(database) == before, "killed in between, both keys open all"
    with database.write() as connection:
        reseal_rows(connection, contracts, ["k1"])
        assert count_sealed_with(connection, contracts, [folder], "k1") == 0
        connection.execute(sealing_key.delete().where(sealing_key.c.key_id == "k1"))
    database.dispose()
    keys = keys_file(tmp_path / "keys", "hash", "k2")
    assert contents(Database(url, keys=keys)) == before
    assert keys.open_file((folder / "sealed").read_bytes()) == b"content"
    assert not given_up(on_disk(url, tmp_path))


def test_whoever_changes_keys_is_refused_while_somebody_writes(
    postgresql_url: str, county: County, tmp_path: Path
) -> None:
    url = scratch(postgresql_url, "writers")
    database = Database(url, keys=keys_file(tmp_path / "keys", "hash", "k1"))
    migrate(database, county.contracts.values())
    with database.write() as writing, database.write() as connection:
        writing.execute(feedback.delete())
        with pytest.raises(Busy, match="Stop Airflow"):
            stop_writers(connection, county.contracts.values())
        connection.rollback()
    with database.write() as connection:
        stop_writers(connection, county.contracts.values())
    database.dispose()


def test_whoever_is_at_work_with_a_county_is_seen_and_with_another_is_not(
    url: str, tmp_path: Path
) -> None:
    schemas = [Database(url, schema) for schema in ("qingyuan", "baihe")]
    for database in schemas if "postgresql" in url else []:
        with database.engine.begin() as connection:
            make_schema(connection, database)
    folders = [tmp_path / "qingyuan", tmp_path / "baihe"]
    with turn(schemas[0], folders[0], "2026-09 water"):
        busy = [turns_taken(*place) for place in zip(schemas, folders, strict=True)]
    assert busy == [True, False]
    assert not turns_taken(schemas[0], folders[0])
    for database in schemas:
        database.dispose()


def test_a_missing_or_wrong_key_is_one_sentence(county: County, tmp_path: Path) -> None:
    address, path = f"sqlite:///{tmp_path / 'shouwang.db'}", tmp_path / "keys"
    filled(Database(address, keys=keys_file(path, "hash", "k1")), county)

    def refused() -> str:
        with pytest.raises(ConfigError) as told, Database(address, keys=Keys(path)).read():
            pass
        with pytest.raises(ConfigError):
            migrate(Database(address, keys=Keys(path)), county.contracts.values())
        return str(told.value)

    keys_file(path, "hash", "k2")
    assert "k1, which" in refused()
    path.write_text(f"hash:{KEYS['hash']}\nk1:{KEYS['k2']}\n", encoding="utf-8")
    assert "Key k1" in refused()
    path.write_text(f"hash:{KEYS['k1']}\nk1:{KEYS['k1']}\n", encoding="utf-8")
    assert "Key hash" in refused()
    for words in (
        "",
        "k1:abc",
        f"hash:{KEYS['hash']}",
        "anything",
        f"k1:{KEYS['k1']} k1:{KEYS['k1']}",
    ):
        path.write_text(words, encoding="utf-8")
        assert str(path) in refused()
    keys_file(path, "hash", "k1").path.chmod(0o640)
    assert "chmod 600" in refused()
    path.unlink()
    assert "no database yet" in refused()
    assert not path.exists(), "a county that has lost its keys gets no others"


def test_the_first_keys_are_made_once_and_belong_to_their_owner(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "secrets" / "keys")
    keys.make()
    made = keys.ring.keys
    Keys(tmp_path / "secrets" / "keys").make()
    assert keys.ring.keys == made
    assert (tmp_path / "secrets" / "keys").stat().st_mode & 0o777 == 0o600
    assert keys.add() == "k2"
    assert keys.ring.newest == "k2"
    keys.drop("k1")
    assert set(keys.ring.keys) == {"hash", "k2"}
    given = Keys(
        tmp_path / "secrets" / "keys", ",".join(f"{name}:{key}" for name, key in KEYS.items())
    )
    assert given.ring.newest == "k2"
    with pytest.raises(ConfigError, match="SHOUWANG_KEYS"):
        given.add()


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("13887650001", True),
        ("138 8765 0001", True),
        ("138-8765-0001", True),
        ("１３８８７６５０００１", True),
        ("532999198506037605", True),
        ("电话0871-65012345", True),
        ("座机6501234", True),
        ("~k1~", True),
        ("2026年9月", False),
        ("12000.50元", False),
        ("户号1020", False),
        ("", False),
    ],
)
def test_free_text_is_sealed_where_it_may_hold_a_number(text: str, held: bool) -> None:
    assert may_hold_number(text) is held
