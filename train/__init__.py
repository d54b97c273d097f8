"""Corpora, teachers, the student, the keyword network, fusion, and how all of them are judged."""
