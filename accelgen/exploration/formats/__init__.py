"""The search for number formats: bits of weights and results, against what they cost in hardware."""
