"""The small acoustic transformer that goes onto the chip."""
