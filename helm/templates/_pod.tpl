{{/* What all pods share. Each takes the context; those of one component take a list of the context and its name. */}}

{{- define "yizhan.pod.metadata" -}}
{{- $context := index . 0 -}}
annotations:
  checksum/config: {{ include (print $context.Template.BasePath "/settings-configmap.yaml") $context | sha256sum }}
  {{- with $context.Values.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
labels:
  {{- include "yizhan.labels" . | nindent 2 }}
  {{- with $context.Values.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{- define "yizhan.pod.confined" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* The seconds of a span such as 90s or 5m. */}}
{{- define "yizhan.seconds" -}}
{{- mul (regexFind "^[0-9]+" .) (get (dict "s" 1 "m" 60 "h" 3600 "d" 86400) (regexFind "[smhd]$" .)) -}}
{{- end }}

{{- define "yizhan.pod.spread" -}}
{{- $context := index . 0 -}}
topologySpreadConstraints:
{{- with $context.Values.topologySpreadConstraints }}
  {{- toYaml . | nindent 2 }}
{{- else }}
  {{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "yizhan.selector" $ | nindent 8 }}
    matchLabelKeys: [pod-template-hash]
  {{- end }}
{{- end }}
{{- end }}

{{- define "yizhan.container" -}}
image: {{ include "yizhan.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{- define "yizhan.env.store" -}}
- name: YIZHAN_STORE__URL
  valueFrom: {secretKeyRef: {name: {{ .Values.store.existingSecret }}, key: {{ .Values.store.key }}}}
{{- end }}

{{- define "yizhan.env.broker" -}}
- name: YIZHAN_BROKER__URL
  valueFrom: {secretKeyRef: {name: {{ .Values.broker.existingSecret }}, key: {{ .Values.broker.key }}}}
{{- end }}

{{- define "yizhan.env" -}}
- name: YIZHAN_CONFIG
  value: /etc/yizhan/yizhan.toml
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "yizhan.mounts" -}}
- {name: settings, mountPath: /etc/yizhan, readOnly: true}
- {name: tmp, mountPath: /tmp}
{{- range .Values.secrets }}
- {name: secret-{{ . }}, mountPath: /run/secrets/{{ . }}, readOnly: true}
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "yizhan.volumes" -}}
- name: settings
  projected:
    sources:
      - configMap: {name: {{ include "yizhan.fullname" . }}}
      {{- with .Values.handlers.configMap }}
      - configMap: {name: {{ . }}}
      {{- end }}
- name: tmp
  emptyDir: {sizeLimit: 64Mi}
{{- range .Values.secrets }}
- name: secret-{{ . }}
  secret: {secretName: {{ . }}, defaultMode: 0440}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* /healthz tells that the process answers, /readyz that a callback can be committed; the latter answers in 0.7 s. */}}
{{- define "yizhan.probes" -}}
startupProbe:
  httpGet: {path: /healthz, port: http}
  periodSeconds: 1
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /healthz, port: http}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 3
readinessProbe:
  httpGet: {path: /readyz, port: http}
  periodSeconds: 2
  timeoutSeconds: 2
  failureThreshold: 2
{{- end }}
