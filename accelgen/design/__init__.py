"""The hardware choices for a network: io type, strategy and reuse factor per layer, clock and part."""

from accelgen.design.design import Design, IoType, LayerDesign, RowSharing, Strategy, WeightMemory

__all__ = ["Design", "IoType", "LayerDesign", "RowSharing", "Strategy", "WeightMemory"]
