"""The development cluster: a complete Kubernetes inside its own namespaces of this machine.

Standard library only, because it runs before anything is installed. The hops from a command to a running component:

    cli -> up -> isolation (new namespaces) -> supervisor (their PID 1) -> profiles -> component (one process)

Everything a cluster makes lives in its namespaces or in its state directory, so that killing one process and removing
one directory removes the cluster.
"""
