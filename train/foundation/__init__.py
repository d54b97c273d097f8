"""Foundation models: frozen networks whose inner layers the teacher and the student learn from."""
