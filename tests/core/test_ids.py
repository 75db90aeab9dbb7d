"""Time-ordered ids."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops.core.ids import Generator, first_at, last_at, moment_of, read_id

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


@pytest.mark.parametrize(
    "moment", [datetime(2026, 11, 21, tzinfo=UTC), datetime(2088, 1, 1, tzinfo=UTC)]
)
def test_an_id_is_read_back_in_this_century(moment: datetime) -> None:
    assert read_id(str(last_at(moment))) == last_at(moment)


@pytest.mark.parametrize("text", ["", "-1", "1.0", "1e3", "\u0661", "m1", str(2**63), "9" * 5_000])
def test_what_can_be_no_id_is_none(text: str) -> None:
    assert read_id(text) is None
