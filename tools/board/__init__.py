"""The Coral Dev Board Micro as this computer sees it: its state on USB, its flash tool, what it says."""
