{{/* Of every object. Names are not templated: there is one Berth in a cluster. */}}
{{- define "berth.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/name: berth
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.extraLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The objects of a file under files/, with the labels of the chart and in the namespace of the release.
     Arguments: root, file, annotations (may be left out). */}}
{{- define "berth.fromFile" -}}
{{- $root := .root }}
{{- $annotations := get . "annotations" }}
{{- $text := $root.Files.Get .file | required (printf "%s is missing: the chart needs its symbolic links, or install one that helm package has made" .file) }}
{{- range regexSplit "(?m)^---\\s*$" $text -1 }}
{{- with fromYaml . }}
{{- $labels := include "berth.labels" $root | fromYaml }}
{{- $_ := set .metadata "labels" (merge $labels (get .metadata "labels" | default dict)) }}
{{- if $annotations }}
{{- $_ := set .metadata "annotations" (merge $annotations (get .metadata "annotations" | default dict)) }}
{{- end }}
{{- if hasKey .metadata "namespace" }}
{{- $_ := set .metadata "namespace" $root.Release.Namespace }}
{{- end }}
{{- range get . "subjects" | default list }}
{{- $_ := set . "namespace" $root.Release.Namespace }}
{{- end }}
---
{{ toYaml . }}
{{ end }}
{{- end }}
{{- end }}

{{/* Metadata of the pods of a program. Arguments: root, component. */}}
{{- define "berth.podMetadata" -}}
labels:
  app.kubernetes.io/name: berth
  app.kubernetes.io/component: {{ .component }}
  {{- with .root.Values.extraLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* What the pods of both programs have in common; the container is named after the component. */}}
{{- define "berth.podSettings" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  seccompProfile: {type: RuntimeDefault}
{{- end }}

{{/* Arguments: root, resources. */}}
{{- define "berth.containerSettings" -}}
image: {{ printf "%s:%s" .root.Values.image.repository (.root.Values.image.tag | default .root.Chart.AppVersion) | quote }}
{{- with .root.Values.image.pullPolicy }}
imagePullPolicy: {{ . }}
{{- end }}
livenessProbe:
  httpGet: {path: /livez, port: health}
readinessProbe:
  httpGet: {path: /readyz, port: health}
{{- with .resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{/* Arguments of both programs. A flag that would say what the program does anyway is left out. */}}
{{- define "berth.arguments" -}}
- --log-format=json
{{- with .Values.logLevel }}
- --log-level={{ . }}
{{- end }}
{{- if ne .Release.Namespace "berth-system" }}
- --namespace={{ .Release.Namespace }}
{{- end }}
{{- end }}

{{/* What neither the webhook judges nor the admission policies of the operator. */}}
{{- define "berth.excludedArgument" -}}
{{- $excluded := append .Values.webhook.excludedNamespaces .Release.Namespace | uniq | join "," }}
{{- if ne $excluded "kube-system,kube-node-lease,kube-public,berth-system" }}
- --exclude-namespaces={{ $excluded }}
{{- end }}
{{- end }}

{{/* Arguments of the operator alone. */}}
{{- define "berth.operatorArguments" -}}
{{- include "berth.excludedArgument" . }}
{{- if ne .Release.Namespace "berth-system" }}
- --user=system:serviceaccount:{{ .Release.Namespace }}:berth-operator
{{- end }}
{{- end }}

{{/* Arguments of the webhook alone. */}}
{{- define "berth.webhookArguments" -}}
{{- include "berth.excludedArgument" . }}
{{- if ne .Release.Namespace "berth-system" }}
- --operator-user=system:serviceaccount:{{ .Release.Namespace }}:berth-operator
{{- end }}
{{- if not .Values.webhook.register }}
- --no-register
{{- end }}
{{- with .Values.webhook.drainDelay }}
- --drain-delay={{ . }}
{{- end }}
{{- with .Values.webhook.threads }}
- --threads={{ . }}
{{- end }}
{{- end }}
