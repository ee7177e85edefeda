{{/* The Deployment of a program. Arguments: root, component, flags (beside those that both programs have), ports,
     strategy (may be left out), volumes, mounts (of the chart itself), checksums (of what restarts the pods). */}}
{{- define "berth.deployment" -}}
{{- $root := .root }}
{{- $component := .component }}
{{- $values := get $root.Values $component }}
{{- $volumes := concat .volumes $values.extraVolumes }}
{{- $mounts := concat .mounts $values.extraVolumeMounts }}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "berth.metadata" (dict "root" $root "name" (printf "berth-%s" $component) "component" $component) | nindent 2 }}
spec:
  replicas: {{ $values.replicas }}
  {{- with get . "strategy" }}
  strategy:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if not (kindIs "invalid" (index $root.Values "revisionHistoryLimit")) }}
  revisionHistoryLimit: {{ $root.Values.revisionHistoryLimit }}
  {{- end }}
  selector:
    matchLabels: {{ include "berth.selector" $component }}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: berth
        app.kubernetes.io/component: {{ $component }}
        {{- with $root.Values.extraLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with merge .checksums $values.podAnnotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      serviceAccountName: berth-{{ $component }}
      terminationGracePeriodSeconds: {{ $values.terminationGracePeriodSeconds }}
      {{- with $root.Values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $root.Values.priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
      {{- with $values.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $values.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with include "berth.affinity" (dict "given" (index $values "affinity") "component" $component) }}
      affinity:
        {{- . | nindent 8 }}
      {{- end }}
      {{- with include "berth.topologySpread" (dict "given" (index $values "topologySpreadConstraints") "component" $component) }}
      topologySpreadConstraints:
        {{- . | nindent 8 }}
      {{- end }}
      securityContext:
        runAsNonRoot: true
        runAsUser: 65532
        seccompProfile: {type: RuntimeDefault}
      containers:
        - name: {{ $component }}
          image: {{ include "berth.image" $root | quote }}
          {{- with get $root.Values.image "pullPolicy" }}
          imagePullPolicy: {{ . }}
          {{- end }}
          command:
            - berth-{{ $component }}
            {{- range concat .flags (include "berth.commonFlags" $root | fromYamlArray) $values.extraArgs }}
            - {{ . | quote }}
            {{- end }}
          {{- with $values.extraEnv }}
          env:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          ports:
            {{- range .ports }}
            - {name: {{ .name }}, containerPort: {{ .containerPort }}}
            {{- end }}
            {{- if $root.Values.metrics.secure }}
            - {name: metrics, containerPort: 8443}
            {{- end }}
          livenessProbe:
            httpGet: {path: /livez, port: health}
          readinessProbe:
            httpGet: {path: /readyz, port: health}
          {{- with $values.resources }}
          resources:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {drop: [ALL]}
          {{- if $root.Values.metrics.secure }}
          {{- with include "berth.metricsSecret" $root }}
          {{- $mounts = append $mounts (dict "name" "metrics-certificate" "mountPath" "/etc/berth/metrics-certificate" "readOnly" true) }}
          {{- $volumes = append $volumes (dict "name" "metrics-certificate" "secret" (dict "secretName" .)) }}
          {{- end }}
          {{- end }}
          {{- with $mounts }}
          volumeMounts:
            {{- toYaml . | nindent 12 }}
          {{- end }}
      {{- with $volumes }}
      volumes:
        {{- toYaml . | nindent 8 }}
      {{- end }}
{{- end }}

{{/* What both programs are told. A flag that would say what the program does anyway is left out. */}}
{{- define "berth.commonFlags" -}}
- --log-format=json
{{- with get .Values "logLevel" }}
- --log-level={{ . }}
{{- end }}
{{- if .Values.metrics.secure }}
- --metrics-listen=:8443
{{- if include "berth.metricsSecret" . }}
- --metrics-certificate-dir=/etc/berth/metrics-certificate
{{- end }}
{{- end }}
{{- if ne .Release.Namespace "berth-system" }}
- --namespace={{ .Release.Namespace }}
{{- end }}
{{- /* What neither the webhook judges nor the admission policies of the operator. */}}
{{- $excluded := append .Values.webhook.excludedNamespaces .Release.Namespace | uniq | join "," }}
{{- if ne $excluded "kube-system,kube-node-lease,kube-public,berth-system" }}
- --exclude-namespaces={{ $excluded }}
{{- end }}
{{- end }}

{{/* Arguments: given (null: rather not two pods on one node), component. */}}
{{- define "berth.affinity" -}}
{{- if kindIs "invalid" .given -}}
podAntiAffinity:
  preferredDuringSchedulingIgnoredDuringExecution:
    - weight: 100
      podAffinityTerm:
        topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels: {{ include "berth.selector" .component }}
{{- else if .given }}
{{- toYaml .given }}
{{- end }}
{{- end }}

{{/* Arguments: given (null: rather spread over zones), component. */}}
{{- define "berth.topologySpread" -}}
{{- $given := list (dict "topologyKey" "topology.kubernetes.io/zone" "maxSkew" 1 "whenUnsatisfiable" "ScheduleAnyway") }}
{{- if not (kindIs "invalid" .given) }}
{{- $given = .given }}
{{- end }}
{{- $own := dict "matchLabels" (include "berth.selector" .component | fromYaml) }}
{{- $all := list }}
{{- range $given }}
{{- $all = append $all (hasKey . "labelSelector" | ternary . (merge (dict "labelSelector" (deepCopy $own)) .)) }}
{{- end }}
{{- with $all }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{/* The PodDisruptionBudget of a program. Arguments: root, component. */}}
{{- define "berth.podDisruptionBudget" -}}
{{- with (get .root.Values .component).podDisruptionBudget }}
{{- if .enabled }}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "berth.metadata" (dict "root" $.root "name" (printf "berth-%s" $.component) "component" $.component) | nindent 2 }}
spec:
  {{- if kindIs "invalid" (index . "minAvailable") }}
  maxUnavailable: {{ ternary 1 (index . "maxUnavailable") (kindIs "invalid" (index . "maxUnavailable")) }}
  {{- else }}
  minAvailable: {{ .minAvailable }}
  {{- end }}
  # A pod that is not ready serves nobody, and may keep nobody from emptying its node.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels: {{ include "berth.selector" $.component }}
{{- end }}
{{- end }}
{{- end }}
