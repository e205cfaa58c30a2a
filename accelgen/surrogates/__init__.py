"""Predicting latency and resources before synthesis: analytic rules, boosting and a graph network."""
