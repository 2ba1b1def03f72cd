"""The images of the operator, the proxy and the demo, for development clusters."""
