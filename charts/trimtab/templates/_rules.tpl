{{- /* What the operator may do in each namespace that it serves; exactly what its adapters use. */ -}}
{{- define "trimtab.rules" -}}
- apiGroups: [trimtab.dev]
  resources: [canaryreleases, microservices]
  verbs: [get, list, watch]
- apiGroups: [trimtab.dev]
  resources: [canaryreleases/status, microservices/status, microservices/scale]
  verbs: [patch]
# Children block their owner's deletion; clusters that enforce permissions on owner references ask for this.
- apiGroups: [trimtab.dev]
  resources: [microservices/finalizers]
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
- apiGroups: [""]
  resources: [pods/log]
  verbs: [get]
# By name only: the operator never lists or watches Secrets.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get]
# The renewals of our own Lease, seen on a watch, tell that watches are alive.
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [{{ include "trimtab.fullname" . }}]
  verbs: [list, watch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end -}}
