"""The proxy of a pod: an Envoy native sidecar in front of the service's ports, configured by a static bootstrap."""
