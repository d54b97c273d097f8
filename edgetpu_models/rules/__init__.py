"""What lint checks: small functions whose docstrings are the documentation."""
