"""Gates of a release that are asked over HTTP."""
