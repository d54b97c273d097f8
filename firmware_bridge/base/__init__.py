"""What every room rests on: errors, evidence, files, progress, paths."""
