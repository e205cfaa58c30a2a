"""Estimates refined by the user's own results, on top of those that come with accelgen."""
