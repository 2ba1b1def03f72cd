"""What a Microservice becomes: one builder per child kind, revisions, job gating, health."""
