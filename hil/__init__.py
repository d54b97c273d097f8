"""Hardware in the loop: links, devices under test, re-recording, checks, budgets and reports."""
