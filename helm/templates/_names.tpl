{{- define "yizhan.name" -}}
{{ .Values.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* Room is left for the longest suffix, "-migrate". */}}
{{- define "yizhan.fullname" -}}
{{- $name := include "yizhan.name" . -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains $name .Release.Name -}}
{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" }}
{{- end -}}
{{- end }}

{{- define "yizhan.serviceAccount" -}}
{{ .Values.serviceAccount.name | default (ternary (include "yizhan.fullname" .) "default" .Values.serviceAccount.create) }}
{{- end }}

{{- define "yizhan.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}

{{/* What selects pods: never changes. With a list of the context and a component: that component's. */}}
{{- define "yizhan.selector" -}}
{{- $context := index . 0 -}}
app.kubernetes.io/name: {{ include "yizhan.name" $context }}
app.kubernetes.io/instance: {{ $context.Release.Name }}
{{- if gt (len .) 1 }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}
{{- end }}

{{- define "yizhan.labels" -}}
{{- $context := index . 0 -}}
{{ include "yizhan.selector" . }}
app.kubernetes.io/version: {{ $context.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $context.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $context.Chart.Name $context.Chart.Version | replace "+" "_" }}
{{- end }}

{{/* The component that takes callbacks. */}}
{{- define "yizhan.front" -}}
{{ ternary "embedded" "web" (eq .Values.mode "embedded") }}
{{- end }}

{{/* What selects this release's series in Prometheus: `job` is set by the monitors. */}}
{{- define "yizhan.series" -}}
namespace="{{ .Release.Namespace }}",job="{{ .Release.Name }}"
{{- end }}
