"""`trimtab plan`: what manifests would change, in the cluster and in AWS, before they are applied."""
