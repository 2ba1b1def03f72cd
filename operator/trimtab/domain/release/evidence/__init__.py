"""Evidence about a new revision, by the rule whose error rates docs/reference/verdicts.md states: pure, and batched."""
