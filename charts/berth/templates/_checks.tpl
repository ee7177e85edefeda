{{/* What the schema cannot say: values that do not go together. Each message names the value and what would be right. */}}
{{- define "berth.checks" -}}
{{- if not (or .Values.operator.enabled .Values.webhook.enabled) }}
{{- fail "operator.enabled and webhook.enabled: false and false leave nothing to install; to install the kinds alone, kubectl apply -f crds.yaml" }}
{{- end }}
{{- range $key, $certificates := dict "webhook.certificates" .Values.webhook.certificates "metrics.certificate" .Values.metrics.certificate }}
{{- with $certificates }}
{{- if and (eq .source "existingSecret") (not .secretName) }}
{{- fail (printf "%s.secretName: empty, but %s.source is existingSecret: name the Secret with tls.crt, tls.key and ca.crt" $key $key) }}
{{- end }}
{{- if and (eq .source "selfMade") .secretName }}
{{- fail (printf "%s.secretName: %q says nothing while %s.source is selfMade: use existingSecret or certManager" $key .secretName $key) }}
{{- end }}
{{- if and (ne .source "certManager") (get .certManager "issuerRef") }}
{{- fail (printf "%s.certManager.issuerRef: says nothing while %s.source is %s: use certManager" $key $key .source) }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.metrics }}
{{- if and (not .secure) (ne .certificate.source "selfMade") }}
{{- fail (printf "metrics.certificate.source: %s says nothing while metrics.secure is false: set metrics.secure to true" .certificate.source) }}
{{- end }}
{{- if and .serviceMonitor.enabled .podMonitor.enabled }}
{{- fail "metrics.podMonitor.enabled: true, and so is metrics.serviceMonitor.enabled: everything would be read twice, use one of them" }}
{{- end }}
{{- if and .secure .podMonitor.enabled (not (get .podMonitor "tokenSecret")) }}
{{- fail "metrics.podMonitor.tokenSecret: null, but metrics.secure is true and a PodMonitor can name no token file: name a Secret, or use metrics.serviceMonitor" }}
{{- end }}
{{- end }}
{{- $drain := get .Values.webhook "drainDelay" | default "3s" | trimSuffix "s" | int }}
{{- if lt (int .Values.webhook.terminationGracePeriodSeconds) (add $drain 10 | int) }}
{{- fail (printf "webhook.terminationGracePeriodSeconds: %d is too short: webhook.drainDelay takes %d s and what is in flight up to 10 s, so at least %d" (int .Values.webhook.terminationGracePeriodSeconds) $drain (add $drain 10)) }}
{{- end }}
{{- range $component := list "operator" "webhook" }}
{{- with (get $.Values $component).podDisruptionBudget }}
{{- if and (kindIs "invalid" (index . "minAvailable") | not) (kindIs "invalid" (index . "maxUnavailable") | not) }}
{{- fail (printf "%s.podDisruptionBudget.maxUnavailable: set together with minAvailable: Kubernetes takes one of them" $component) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
