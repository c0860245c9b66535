{{- define "tracetune.name" -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- end }}

{{- define "tracetune.selector" -}}
app.kubernetes.io/name: tracetune
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "tracetune.labels" -}}
{{ include "tracetune.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "tracetune.ingestSelector" -}}
app.kubernetes.io/name: tracetune-ingest
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "tracetune.ingestLabels" -}}
{{ include "tracetune.ingestSelector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- /* Not the server's: its Service and its disruption budget would count pods that learn as servers. */ -}}
{{- define "tracetune.retrainSelector" -}}
app.kubernetes.io/name: tracetune-retrain
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "tracetune.retrainLabels" -}}
{{ include "tracetune.retrainSelector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "tracetune.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "tracetune.secret" -}}
{{ .Values.auth.existingSecret | default (printf "%s-tokens" (include "tracetune.name" .)) }}
{{- end }}

{{- define "tracetune.account" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "tracetune.name" .) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end -}}
{{- end }}

{{- define "tracetune.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "tracetune.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- /* Settings as environment variables: TRACETUNE_GROUP_NAME. */ -}}
{{- define "tracetune.settings" -}}
{{- range $group, $values := .Values.settings }}
{{- range $key, $value := $values }}
- name: TRACETUNE_{{ upper $group }}_{{ upper $key }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- end }}
{{- if .Values.store.existingSecret }}
- name: TRACETUNE_STORE_URL
  valueFrom: {secretKeyRef: {name: {{ .Values.store.existingSecret }}, key: url}}
{{- end }}
{{- end }}
