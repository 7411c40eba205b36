{{/* What values.schema.json cannot say: it sees one value at a time, and cannot name a cure. */}}
{{- define "yizhan.checks" -}}
{{- if not .Values.settings.accounts }}
{{- fail "settings.accounts: no account is configured; add one with name, source, access_key and access_secret_file" }}
{{- end }}
{{- range $part, $kind := dict "store" "postgresql://…" "broker" "redis://… or amqp://…" }}
{{- $given := (index $.Values $part).existingSecret }}
{{- if and (eq $.Values.mode "distributed") (not $given) }}
{{- fail (printf "%s.existingSecret: mode distributed needs the name of a Secret whose key holds %s" $part $kind) }}
{{- end }}
{{- if and (eq $.Values.mode "embedded") $given }}
{{- fail (printf "%s.existingSecret: mode embedded uses none; set mode: distributed, or leave it out" $part) }}
{{- end }}
{{- end }}
{{- range $account := .Values.settings.accounts }}
{{- range $form := list "access_key_file" "access_secret_file" }}
{{- $paths := index $account $form | default list }}
{{- range $path := ternary $paths (list $paths) (kindIs "slice" $paths) }}
{{- if hasPrefix "/run/secrets/" $path }}
{{- $secret := index (splitList "/" $path) 3 }}
{{- if not (has $secret $.Values.secrets) }}
{{- fail (printf "settings.accounts, %s: %s is not mounted; add %s to secrets" $account.name $path $secret) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- range $name := list "handlers.py" "receiver.py" }}
{{- if hasKey $.Values.handlers.files $name }}
{{- fail (printf "handlers.files: %s has the name of a package of yizhan's, and would never be imported; rename it" $name) }}
{{- end }}
{{- end }}
{{- if and .Values.ingress.enabled (not .Values.settings.web.public_url) }}
{{- fail "settings.web.public_url: an Ingress needs https://HOST here, the address that the platform calls" }}
{{- end }}
{{- if and .Values.ingress.enabled (urlParse .Values.settings.web.public_url).path }}
{{- fail "settings.web.public_url: the Ingress rewrites no path; give https://HOST alone" }}
{{- end }}
{{- if and (eq .Values.worker.scaling.by "due") (not .Values.worker.scaling.prometheus) }}
{{- fail "worker.scaling.prometheus: scaling by what is due needs the URL of Prometheus" }}
{{- end }}
{{- end }}
