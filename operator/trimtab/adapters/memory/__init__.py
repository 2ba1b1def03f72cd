"""In-memory stand-ins of every port, held to the same contract tests as the real adapters."""
