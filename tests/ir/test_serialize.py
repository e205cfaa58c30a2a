import numpy as np
import pytest

from accelgen.errors import ModelError
from accelgen.ir import (
    FixedType,
    Input,
    Merge,
    MergeKind,
    Network,
    Overflow,
    Pool,
    PoolKind,
    Quantize,
    Rounding,
)
from accelgen.ir.nodes import Dense
from accelgen.ir.serialize import load, save
from accelgen.passes.infer_types import infer_types


def _network() -> Network:
    cast = FixedType(6, 2, True, Rounding.RND_CONV, Overflow.SAT_SYM)
    weight = np.arange(12, dtype=np.float64).reshape(4, 3) / 8
    return infer_types(
        Network(
            (
                Input("x", (), (4, 4), FixedType(8, 3)),
                Pool("p", ("x",), PoolKind.MAX, (2,), (2,), ((0, 0),)),
                Dense("a", ("p",), weight, np.ones(3)),
                Quantize("q", ("a",), cast),
                Merge("m", ("q", "a"), MergeKind.SUBTRACT),
            ),
            ("m", "q"),
            name='odd "name"',
            notes=("a note",),
        )
    )


def test_round_trip_keeps_everything(tmp_path):
    network = _network()
    save(network, tmp_path / "n.npz")
    again = load(tmp_path / "n.npz")
    assert (again.outputs, again.name, again.notes) == (network.outputs, network.name, network.notes)
    assert dict(again.types) == dict(network.types)
    for old, new in zip(network, again, strict=True):
        assert type(old) is type(new)
        for name, value in vars(old).items():
            np.testing.assert_array_equal(value, getattr(new, name))


def test_same_network_same_bytes(tmp_path):
    save(_network(), tmp_path / "a.npz")
    save(_network(), tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


@pytest.mark.parametrize("keep", [0, 10, 200, -30])
def test_damaged_file_is_a_model_error(tmp_path, keep):
    path = tmp_path / "n.npz"
    save(_network(), path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ModelError, match=r"n\.npz"):
        load(path)
