{{/* Of every object. Names are not templated: there is one Berth in a cluster. */}}
{{- define "berth.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/name: berth
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: berth
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.extraLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Metadata of an object in the namespace of the release. Arguments: root, name; component, labels, annotations (may
     be left out). */}}
{{- define "berth.metadata" -}}
name: {{ .name }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- with get . "component" }}
  app.kubernetes.io/component: {{ . }}
  {{- end }}
  {{- include "berth.labels" .root | nindent 2 }}
  {{- with get . "labels" }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with get . "annotations" }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Selects the pods of a component. */}}
{{- define "berth.selector" -}}
{app.kubernetes.io/name: berth, app.kubernetes.io/component: {{ . }}}
{{- end }}

{{/* The text of a file under files/. Arguments: root, file. */}}
{{- define "berth.file" -}}
{{- .root.Files.Get .file | required (printf "%s is missing: the chart needs its symbolic links, or install one that helm package has made" .file) }}
{{- end }}

{{/* The objects of a file under files/, with the labels of the chart and in the namespace of the release. Service
     accounts get the annotations of their program.
     Arguments: root, file; annotations, without (kind/name of what is left out), both may be left out. */}}
{{- define "berth.fromFile" -}}
{{- $root := .root }}
{{- $annotations := get . "annotations" }}
{{- $without := get . "without" | default list }}
{{- range regexSplit "(?m)^---\\s*$" (include "berth.file" .) -1 }}
{{- with fromYaml . }}
{{- if not (has (printf "%s/%s" .kind .metadata.name) $without) }}
{{- $labels := include "berth.labels" $root | fromYaml }}
{{- $_ := set .metadata "labels" (merge $labels (get .metadata "labels" | default dict)) }}
{{- $own := $annotations }}
{{- if eq .kind "ServiceAccount" }}
{{- $own = (get $root.Values (.metadata.name | trimPrefix "berth-")).serviceAccount.annotations }}
{{- end }}
{{- if $own }}
{{- $_ := set .metadata "annotations" (merge $own (get .metadata "annotations" | default dict)) }}
{{- end }}
{{- if hasKey .metadata "namespace" }}
{{- $_ := set .metadata "namespace" $root.Release.Namespace }}
{{- end }}
{{- $subjects := list }}
{{- range get . "subjects" | default list }}
{{- if (get $root.Values (.name | trimPrefix "berth-")).enabled }}
{{- $subjects = append $subjects (set . "namespace" $root.Release.Namespace) }}
{{- end }}
{{- end }}
{{- if $subjects }}
{{- $_ := set . "subjects" $subjects }}
{{- end }}
---
{{ toYaml . }}
{{ end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Gives the operator a role in a namespace that is not the release's. Arguments: root, namespace, name (of the role and of
     its binding), role (kind). */}}
{{- define "berth.operatorBinding" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ .name }}
  namespace: {{ .namespace }}
  labels:
    {{- include "berth.labels" .root | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ .role }}
  name: {{ .name }}
subjects:
  - kind: ServiceAccount
    name: berth-operator
    namespace: {{ .root.Release.Namespace }}
{{- end }}

{{/* The image of both programs. */}}
{{- define "berth.image" -}}
{{- $image := .Values.image }}
{{- $registry := (.Values.global | default dict).imageRegistry | default $image.registry }}
{{- with $registry }}{{ . }}/{{ end }}{{ $image.repository }}
{{- with $image.tag | default (ternary "" .Chart.AppVersion (ne $image.digest "")) }}:{{ . }}{{ end }}
{{- with $image.digest }}@{{ . }}{{ end }}
{{- end }}

{{/* Where the programs find certificates: of the webhook, and of the metrics. "" = they make their own. */}}
{{- define "berth.webhookSecret" -}}
{{- with .Values.webhook.certificates }}
{{- if and (eq .source "certManager") (not .secretName) }}berth-webhook-certificate{{ else }}{{ .secretName }}{{ end }}
{{- end }}
{{- end }}
{{- define "berth.metricsSecret" -}}
{{- with .Values.metrics.certificate }}
{{- if and (eq .source "certManager") (not .secretName) }}berth-metrics-certificate{{ else }}{{ .secretName }}{{ end }}
{{- end }}
{{- end }}

{{/* How a ServiceMonitor or a PodMonitor reads /metrics. Arguments: root, monitor, tokenFile (whether the token may come
     from the file of Prometheus). */}}
{{- define "berth.scraping" -}}
{{- $root := .root }}
{{- if .root.Values.metrics.secure }}
scheme: https
{{- if get .monitor "tokenSecret" }}
authorization:
  credentials:
    {{- toYaml .monitor.tokenSecret | nindent 4 }}
{{- else if get . "tokenFile" }}
bearerTokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token
{{- end }}
tlsConfig:
  {{- with include "berth.metricsSecret" .root }}
  serverName: berth-metrics.{{ $root.Release.Namespace }}.svc
  ca:
    secret: {name: {{ . }}, key: ca.crt}
  {{- else }}
  insecureSkipVerify: true
  {{- end }}
{{- end }}
{{- with get .monitor "interval" }}
interval: {{ . }}
{{- end }}
{{- with get .monitor "scrapeTimeout" }}
scrapeTimeout: {{ . }}
{{- end }}
{{- with .monitor.relabelings }}
relabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .monitor.metricRelabelings }}
metricRelabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* A Certificate of cert-manager, for the Service of the same name. Arguments: root, name, secretName, issuerRef (null:
     the Issuer of the chart's own). */}}
{{- define "berth.certificate" -}}
{{- $manager := .root.Values.webhook.certificates.certManager }}
{{- $issuer := merge (dict) (get . "issuerRef" | default (dict "name" "berth-ca")) (dict "kind" "Issuer" "group" "cert-manager.io") }}
apiVersion: cert-manager.io/v1
kind: Certificate
metadata:
  {{- include "berth.metadata" (dict "root" .root "name" .name) | nindent 2 }}
spec:
  secretName: {{ .secretName }}
  dnsNames:
    - {{ .name }}.{{ .root.Release.Namespace }}.svc
    - {{ .name }}.{{ .root.Release.Namespace }}.svc.cluster.local
  duration: {{ $manager.duration }}
  renewBefore: {{ $manager.renewBefore }}
  usages: [digital signature, server auth]
  privateKey: {algorithm: ECDSA, size: 256, rotationPolicy: Always}
  issuerRef:
    {{- toYaml $issuer | nindent 4 }}
{{- end }}
