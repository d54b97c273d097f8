"""The keyword branch: which telling word, if any, was said in a window; its networks by name.

Importing this package imports every module in it, and each network registers itself.
"""

from firmware_bridge.base.parts import import_all
from train.keyword.registry import KEYWORD_NETWORKS, KeywordPart, keyword_network

import_all(__name__, __path__)

__all__ = ["KEYWORD_NETWORKS", "KeywordPart", "keyword_network"]
