"""What users read of a run: pure functions from its state and events to renderables and to JSON."""
