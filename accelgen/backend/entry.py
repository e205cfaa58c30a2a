"""Where hls4ml finds the backend: the entry point ``hls4ml.backends``, and the way in for accelgen itself."""

from __future__ import annotations

from collections.abc import Callable

NAME = "accelgen"


def register(register_backend: Callable[..., None], register_writer: Callable[..., None]) -> None:
    """Register backend and writer, as hls4ml asks its plug-ins to when it is imported."""
    from accelgen.backend.plugin import AccelgenBackend
    from accelgen.backend.writer import FirmwareWriter

    register_writer(NAME, FirmwareWriter)  # before the backend, which looks for it
    register_backend(NAME, AccelgenBackend)


def ensure_registered() -> None:
    """Import hls4ml, and register the backend where the entry point has not: accelgen run from a checkout."""
    from hls4ml.backends.backend import backend_map, register_backend
    from hls4ml.writer.writers import register_writer, writer_map

    if NAME not in backend_map:
        writer_map.pop(NAME, None)
        register(register_backend, register_writer)
