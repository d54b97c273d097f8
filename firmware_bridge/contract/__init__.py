"""What laptop and chip agree on: bundle, flash image, windows, fusion."""
