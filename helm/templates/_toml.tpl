{{/*
A value as TOML, tables inline. Not Helm's toToml: it writes the whole number 8000 as 8000.0.
A JSON scalar is a TOML scalar.
*/}}
{{- define "yizhan.toml.value" -}}
{{- if kindIs "map" . -}}
{ {{- range $index, $key := keys . | sortAlpha }}{{ if $index }}, {{ end }}{{ include "yizhan.toml.key" $key }} = {{ include "yizhan.toml.value" (index $ $key) }}{{ end -}} }
{{- else if kindIs "slice" . -}}
[{{- range $index, $item := . }}{{ if $index }}, {{ end }}{{ include "yizhan.toml.value" $item }}{{ end -}}]
{{- else -}}
{{ toJson . }}
{{- end -}}
{{- end }}

{{- define "yizhan.toml.key" -}}
{{- if regexMatch "(?i)(secret|password|token)$" . }}
{{- fail (printf "settings: a key %q; a ConfigMap is no place for a secret: give %s_file or %s_env" . . .) }}
{{- end -}}
{{- if has . (list "true" "false") }}
{{- fail (printf "settings: a key %q; YAML reads on, off, yes and no so, unless they are quoted: write \"on\":" .) }}
{{- end -}}
{{ ternary . (toJson .) (regexMatch "^[A-Za-z0-9_-]+$" .) }}
{{- end }}

{{/* Lines `key = value`. An empty text, or null, stands for: not given. */}}
{{- define "yizhan.toml.table" -}}
{{- range $key := keys . | sortAlpha }}
{{- $value := index $ $key }}
{{- if not (or (kindIs "invalid" $value) (and (kindIs "string" $value) (eq $value ""))) }}
{{ include "yizhan.toml.key" $key }} = {{ include "yizhan.toml.value" $value }}
{{- end }}
{{- end }}
{{- end }}

{{- define "yizhan.toml" -}}
# From the chart's settings.
{{- range $name := keys .Values.settings | sortAlpha }}
{{- if ne $name "accounts" }}

[{{ $name }}]
{{- include "yizhan.toml.table" (index $.Values.settings $name) }}
{{- end }}
{{- end }}
{{- range .Values.settings.accounts }}

[[accounts]]
{{- include "yizhan.toml.table" . }}
{{- end }}
{{- end }}
