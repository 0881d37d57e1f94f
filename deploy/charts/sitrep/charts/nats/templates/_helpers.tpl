{{- define "nats.fullname" -}}
{{- printf "%s-nats" .Release.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "nats.selectorLabels" -}}
app.kubernetes.io/name: nats
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "nats.labels" -}}
{{ include "nats.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: sitrep
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* Three quarters of the volume, in the units of NATS. */}}
{{- define "nats.maxFileStore" -}}
{{- $size := .Values.persistence.size }}
{{- $number := regexFind "^[0-9]+" $size | int64 }}
{{- $unit := regexFind "[KMGT]" $size }}
{{- $bytes := dict "K" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 }}
{{- printf "%d" (div (mul $number (get $bytes $unit) 3) 4) }}
{{- end }}
