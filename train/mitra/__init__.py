"""Every table and figure of Mitra et al., arXiv 2503.22711, for any corpus and any systems. No TensorFlow in here."""
