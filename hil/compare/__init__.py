"""Two bundles, or two runs, side by side: figures, paired accuracy, what flipped, what was changed to get there."""

from hil.compare.comparison import Comparison, compare
from hil.compare.sides import Side

__all__ = ["Comparison", "Side", "compare"]
