"""Keras 2 and 3 model files, with QKeras and HGQ layers, read without any of these frameworks."""
