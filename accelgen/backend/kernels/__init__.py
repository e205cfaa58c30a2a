"""Own kernels: what hls4ml has no exact code for; one module each, beside its header in templates/nnet_utils.

A module defines an hls4ml layer class, a config and a function-call template, registers them with
`accelgen.backend.kernels.registry.kernel`, and registers a lowering function for its node class.
"""
