"""The images of the operator and the demo, for development clusters."""
