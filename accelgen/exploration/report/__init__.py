"""What a search leaves on disk: tables, a page, a picture and the design files."""

from accelgen.exploration.report.write import is_exploration, write_exploration

__all__ = ["is_exploration", "write_exploration"]
