"""Time-ordered ids."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops.core.ids import PROCESSES, Generator, first_at, last_at, moment_of, read_id
from chatops.core.processes import claim
from tests.service import ROOT

MOMENTS = st.datetimes(
    min_value=datetime(2020, 1, 1), max_value=datetime(2080, 1, 1), timezones=st.just(UTC)
)


def test_ids_of_a_node_only_grow_also_in_a_burst() -> None:
    make = Generator(3)
    ids = [make() for _ in range(20_000)]
    assert ids == sorted(set(ids))


def test_two_nodes_never_make_the_same_id() -> None:
    one, other = Generator(1), Generator(2)
    assert not {one() for _ in range(9_000)} & {other() for _ in range(9_000)}


def test_two_processes_of_a_node_never_make_the_same_id(tmp_path: Path) -> None:
    """Each has a number as long as it lives; also a child that was forked."""
    code = (
        "import os, sys; from pathlib import Path; from chatops.core.processes import claim;"
        "print(claim(Path(sys.argv[1])), flush=True); sys.stdin.read()"
    )
    processes = []
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", code, tmp_path],
            cwd=ROOT,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "chatops.settings"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        processes.append((process, int(process.stdout.readline())))
    assert [number for _, number in processes] == [0, 1, 2]
    processes[1][0].kill()
    processes[1][0].communicate()
    assert claim(tmp_path) == 1
    for number in (0, 2):
        processes[number][0].communicate()
    one, other = Generator(1, 2), Generator(1, 3)
    assert not {one() for _ in range(9_000)} & {other() for _ in range(9_000)}


def test_when_all_numbers_are_taken_there_is_none(tmp_path: Path) -> None:
    assert [claim(tmp_path) for _ in range(PROCESSES)] == list(range(PROCESSES))
    assert claim(tmp_path) is None


def test_an_id_tells_when_it_was_made() -> None:
    before = datetime.now(UTC)
    made = moment_of(Generator()())
    assert before - timedelta(milliseconds=1) <= made <= datetime.now(UTC) + timedelta(seconds=1)


def test_an_id_fits_a_signed_64_bit_column() -> None:
    assert last_at(datetime(2089, 1, 1, tzinfo=UTC)) < 2**63


@given(MOMENTS)
def test_a_moment_is_a_range_of_ids(moment: datetime) -> None:
    assert first_at(moment) <= last_at(moment) < first_at(moment + timedelta(milliseconds=1))
    assert abs(moment_of(first_at(moment)) - moment) < timedelta(milliseconds=1)


@pytest.mark.parametrize("node", [-1, 1024])
def test_a_node_number_out_of_range_is_refused(node: int) -> None:
    with pytest.raises(ValueError, match="0 to 1023"):
        Generator(node)
    with pytest.raises(ValueError, match="0 to 31"):
        Generator(0, node)


@pytest.mark.parametrize(
    "moment", [datetime(2026, 11, 21, tzinfo=UTC), datetime(2088, 1, 1, tzinfo=UTC)]
)
def test_an_id_is_read_back_in_this_century(moment: datetime) -> None:
    assert read_id(str(last_at(moment))) == last_at(moment)


@pytest.mark.parametrize("text", ["", "-1", "1.0", "1e3", "\u0661", "m1", str(2**63), "9" * 5_000])
def test_what_can_be_no_id_is_none(text: str) -> None:
    assert read_id(text) is None
