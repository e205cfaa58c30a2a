"""A graph network over the layers of designs that predicts what the rules miss.

Layers are its nodes, and results that one layer hands to another its edges. `train` trains it with Keras;
everything else needs NumPy only.
"""

from accelgen.surrogates.graph.network import GraphNetwork
from accelgen.surrogates.graph.storage import FILE, load, save

__all__ = ["FILE", "GraphNetwork", "load", "save"]
