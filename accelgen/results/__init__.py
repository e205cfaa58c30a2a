"""What synthesis made of the user's own designs, and what was predicted, in one SQLite file."""

from accelgen.results.record import Failure, Predicted, Result, Stored
from accelgen.results.store import Filter, Store, store_path

__all__ = ["Failure", "Filter", "Predicted", "Result", "Store", "Stored", "store_path"]
