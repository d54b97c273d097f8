"""The contract between the laptop and the chip: front-end, wire, bundle, C core and ports."""
