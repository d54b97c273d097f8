"""Model recipes, and everything between an int8 `.tflite` and a bundle."""
