"""Metrics, speaker splits and the leak guard. No TensorFlow in here."""
