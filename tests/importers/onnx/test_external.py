"""ONNX models whose weights lie in a file beside them, as torch.onnx.export 2.9 and newer saves them."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper, numpy_helper

from accelgen.importers import model_files
from accelgen.importers.onnx import load_onnx
from accelgen.ir.serialize import to_bytes
from tests.importers.onnx.build import node, save_model


def test_weights_and_constants_beside_the_model_are_read(tmp_path):
    rng = np.random.default_rng(0)
    kernel, bias = rng.normal(size=(3, 4)).astype(np.float32), rng.normal(size=4).astype(np.float32)
    constant = helper.make_node("Constant", [], ["b"], value=numpy_helper.from_array(bias, "b"))
    nodes = [constant, node("MatMul", "x k", "p"), node("Add", "p b")]
    whole = save_model(tmp_path / "m.onnx", nodes, {"x": (1, 3)}, {"k": kernel})
    apart = tmp_path / "apart" / "m.onnx"
    apart.parent.mkdir()
    onnx.save_model(
        onnx.load(whole),
        apart,
        save_as_external_data=True,
        location="m.onnx.data",
        size_threshold=0,
        convert_attribute=True,
    )
    data = apart.with_name("m.onnx.data")
    assert data.stat().st_size >= kernel.nbytes + bias.nbytes
    assert to_bytes(load_onnx(apart)) == to_bytes(load_onnx(whole))
    assert model_files(apart) == (apart, data)
    assert model_files(whole) == (whole,)
