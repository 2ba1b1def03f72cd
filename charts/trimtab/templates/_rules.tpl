{{- /* What the operator may do in each namespace that it serves; exactly what its adapters use. */ -}}
{{- define "trimtab.rules" -}}
- apiGroups: [trimtab.dev]
  resources: [canaryreleases, microservices, servicebindings]
  verbs: [get, list, watch]
- apiGroups: [trimtab.dev]
  resources: [canaryreleases/status, microservices/status, microservices/scale, servicebindings/status]
  verbs: [patch]
# What is outside the cluster has to be cleaned up: a finalizer, which is in metadata.
- apiGroups: [trimtab.dev]
  resources: [servicebindings]
  verbs: [patch]
# Children block their owner's deletion; clusters that enforce permissions on owner references ask for this.
- apiGroups: [trimtab.dev]
  resources: [microservices/finalizers, servicebindings/finalizers]
  verbs: [update]
- apiGroups: [""]
  resources: [configmaps, serviceaccounts, services]
  verbs: &child [create, delete, get, list, patch, watch]
- apiGroups: [apps]
  resources: [controllerrevisions, deployments]
  verbs: *child
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: *child
- apiGroups: [batch]
  resources: [cronjobs, jobs]
  verbs: *child
- apiGroups: [networking.k8s.io]
  resources: [ingresses, networkpolicies]
  verbs: *child
- apiGroups: [networking.istio.io]
  resources: [virtualservices]
  verbs: *child
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: *child
- apiGroups: [monitoring.coreos.com]
  resources: [podmonitors]
  verbs: *child
- apiGroups: [gateway.networking.k8s.io]
  resources: [grpcroutes, httproutes]
  verbs: *child
- apiGroups: [gateway.networking.k8s.io]
  resources: [gateways]
  verbs: [get, list, watch]
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [get, list, watch]
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch]
# A pod that is created as a dry run shows whether its ServiceAccount's credentials would be injected.
- apiGroups: [""]
  resources: [pods, pods/eviction]
  verbs: [create]
# In a namespace that is being deleted nothing is made, and what holds data is kept.
- apiGroups: [""]
  resources: [namespaces]
  verbs: [get]
- apiGroups: [""]
  resources: [pods/log]
  verbs: [get]
# By name only: the operator never lists or watches Secrets.
- apiGroups: [""]
  resources: [secrets]
  verbs: [create, get, patch]
# The renewals of our own Lease, seen on a watch, tell that watches are alive.
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [{{ include "trimtab.fullname" . }}]
  verbs: [list, watch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end -}}
