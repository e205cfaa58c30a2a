from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from accelgen.surrogates.update.reservoir import Reservoir

STREAM = st.lists(st.tuples(st.integers(0, 60), st.booleans()), max_size=80)
"""What is offered: a key, and whether it is an old one; keys may come again."""


@given(STREAM, st.integers(1, 30))
def test_it_holds_each_at_most_once_and_no_more_than_fit(stream, capacity):
    reservoir = Reservoir(capacity)
    for key, seen in stream:
        reservoir.offer(str(key), key, seen)
        assert len(reservoir) <= capacity
    held = [entry.key for entry in reservoir.entries]
    assert len(set(held)) == len(held)
    offered = {str(key) for key, _ in stream}
    assert set(held) <= offered == set(reservoir.offered)
    assert len(held) == min(capacity, len(offered))


@given(st.lists(STREAM, max_size=4), st.integers(1, 60))
def test_what_is_new_stays_until_it_is_learned_from_as_long_as_it_fits(rounds, capacity):
    reservoir = Reservoir(capacity)
    for stream in rounds:
        new = [key for key, seen in stream if not seen and str(key) not in reservoir.offered]
        new = [key for key in dict.fromkeys(new) if (key, True) not in stream[: stream.index((key, False))]]
        for key, seen in stream:
            reservoir.offer(str(key), key, seen)
        unseen = {entry.item for entry in reservoir.entries if not entry.seen}
        assert unseen <= set(new)
        assert len(unseen) == min(capacity, len(new))
        reservoir.learned()


@given(STREAM, st.integers(1, 30))
def test_the_same_stream_gives_the_same(stream, capacity):
    first, again = Reservoir(capacity), Reservoir(capacity)
    for reservoir in (first, again):
        for key, seen in stream:
            reservoir.offer(str(key), key, seen)
    assert first.entries == again.entries


def test_old_ones_give_way_evenly():
    counts: Counter[int] = Counter()
    for stream in range(300):
        reservoir = Reservoir(20)
        for key in range(20):
            reservoir.offer(f"{stream} old {key}", key, seen=True)
        for key in range(10):
            reservoir.offer(f"{stream} new {key}", 100 + key)
        counts.update(reservoir)
    assert all(counts[100 + key] == 300 for key in range(10))
    assert all(abs(counts[key] - 150) < 50 for key in range(20))  # 6 standard deviations


def test_more_new_ones_than_fit_are_sampled_evenly():
    counts: Counter[int] = Counter()
    for stream in range(300):
        reservoir = Reservoir(10)
        for key in range(40):
            reservoir.offer(f"{stream} {key}", key)
        counts.update(reservoir)
    assert all(abs(counts[key] - 75) < 45 for key in range(40))  # 6 standard deviations
