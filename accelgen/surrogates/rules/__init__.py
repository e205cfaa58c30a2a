"""What the tools do deterministically: cycles, multipliers and memories by formula, LUTs and FFs by the parts
that a kernel is made of, at prices calibrated for a tool.

All functions take `Layers` and give one figure a layer.
"""

from accelgen.surrogates.rules.domain import DEFAULT_DOMAIN, Domain, domain_of
from accelgen.surrogates.rules.estimate import Estimate, estimate, estimate_record
from accelgen.surrogates.rules.limits import synthesises
from accelgen.surrogates.rules.prices import Prices, load_prices

__all__ = [
    "DEFAULT_DOMAIN",
    "Domain",
    "Estimate",
    "Prices",
    "domain_of",
    "estimate",
    "estimate_record",
    "load_prices",
    "synthesises",
]
