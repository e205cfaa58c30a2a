"""The errors that accelgen raises on purpose; the CLI turns each into one line on stderr."""

from __future__ import annotations


class AccelgenError(Exception):
    """Base of every error that a user can cause or cure; its text is the whole message."""

    exit_code = 1


class UsageError(AccelgenError):
    """A command or an argument makes no sense: bad option value, unknown board, bad design file."""

    exit_code = 2


class ModelError(AccelgenError):
    """A model file cannot be read or holds something malformed; names the file and the layer."""

    exit_code = 2


class UnsupportedError(ModelError):
    """A model is well formed but holds a layer, option or quantizer that accelgen does not convert."""


class PrecisionError(AccelgenError):
    """A tensor or constant has no exact type of a reasonable width: a precision must be given."""

    exit_code = 2


class DesignError(AccelgenError):
    """A hardware choice is impossible for the network: strategy, reuse factor, io type, part."""

    exit_code = 2


class InfeasibleError(DesignError):
    """No design of a network keeps the limits of a search; says which, and what comes nearest."""

    exit_code = 1


class ToolError(AccelgenError):
    """An external program (g++, Vitis HLS, Vivado) is missing or failed."""


class TaskError(AccelgenError):
    """Some of many tasks of a search have no result; names the first and says why."""


class ReportError(AccelgenError):
    """A tool's report is missing, half-written, or not what the tool writes; names the file."""

    exit_code = 2
