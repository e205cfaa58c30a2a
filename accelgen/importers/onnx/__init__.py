"""ONNX and QONNX files."""

from accelgen.importers.onnx.importer import load_onnx

__all__ = ["load_onnx"]
