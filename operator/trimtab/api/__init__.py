"""The custom resource types, and the generator that turns them into CRDs."""
