{{- define "sitrep.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "sitrep.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "sitrep.selectorLabels" -}}
app.kubernetes.io/name: {{ include "sitrep.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "sitrep.labels" -}}
{{ include "sitrep.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: sitrep
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "sitrep.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "sitrep.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "sitrep.image" -}}
{{- $i := .Values.image }}
{{- with $i.registry }}{{ . }}/{{ end }}{{ $i.repository }}{{ if $i.digest }}@{{ $i.digest }}{{ else }}:{{ $i.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{/* Not empty where the streams are on NATS servers. */}}
{{- define "sitrep.split" -}}
{{- if or .Values.nats.enabled .Values.externalNats.url }}yes{{ end }}
{{- end }}

{{- define "sitrep.natsUrl" -}}
{{- if .Values.nats.enabled -}}
tls://{{ .Release.Name }}-nats.{{ .Release.Namespace }}.svc.{{ .Values.nats.clusterDomain }}:4222
{{- else -}}
{{ .Values.externalNats.url }}
{{- end }}
{{- end }}

{{- define "sitrep.natsMonitoring" -}}
{{- if .Values.nats.enabled -}}
{{- $all := list }}
{{- range $i := until (int .Values.nats.replicaCount) }}
{{- $all = append $all (printf "http://%s-nats-%d.%s-nats-headless.%s.svc.%s:8222" $.Release.Name $i $.Release.Name $.Release.Namespace $.Values.nats.clusterDomain) }}
{{- end }}
{{- join "," $all }}
{{- else -}}
{{ .Values.externalNats.monitoringUrl }}
{{- end }}
{{- end }}

{{/* The configuration, with what the chart knows of NATS. */}}
{{- define "sitrep.config" -}}
{{- $config := deepCopy .Values.config }}
{{- if include "sitrep.split" . }}
{{- $nats := dict "url" (include "sitrep.natsUrl" .) "nkey_file" "nats/seed.nk" }}
{{- $tls := dict "ca_file" "nats/ca.crt" }}
{{- if or .Values.nats.enabled .Values.externalNats.clientCertificate }}
{{- $tls = merge $tls (dict "cert_file" "nats/tls.crt" "key_file" "nats/tls.key") }}
{{- end }}
{{- $_ := set $nats "tls" $tls }}
{{- with include "sitrep.natsMonitoring" . }}
{{- $_ := set $nats "monitoring_url" . }}
{{- end }}
{{- $_ := set $config "nats" (merge (default dict $config.nats) $nats) }}
{{- end }}
{{- toYaml $config }}
{{- end }}

{{- define "sitrep.configSecret" -}}
{{- default (printf "%s-config" (include "sitrep.fullname" .)) .Values.existingConfigSecret }}
{{- end }}

{{- define "sitrep.filesSecret" -}}
{{- default (printf "%s-secrets" (include "sitrep.fullname" .)) .Values.secrets.existingSecret }}
{{- end }}

{{- define "sitrep.scheme" -}}
{{- if .Values.webConfig.existingSecret }}HTTPS{{ else }}HTTP{{ end }}
{{- end }}

{{/* The Secret whose keys are the files of secrets/; a worker has its channel's, or none. */}}
{{- define "sitrep.secretsOf" -}}
{{- if eq .component "worker" }}
{{- get .root.Values.secrets.existingWorkerSecrets .channel }}
{{- else if not (and .root.Values.existingConfigSecret (not .root.Values.secrets.existingSecret) (not .root.Values.secrets.files)) }}
{{- include "sitrep.filesSecret" .root }}
{{- end }}
{{- end }}

{{/* A probe, by https where the port speaks that. */}}
{{- define "sitrep.probe" -}}
{{- $probe := deepCopy .probe }}
{{- if and (eq (include "sitrep.scheme" .root) "HTTPS") (hasKey $probe "httpGet") }}
{{- $_ := set $probe.httpGet "scheme" "HTTPS" }}
{{- end }}
{{- toYaml $probe }}
{{- end }}

{{/*
A pod. It takes root, component (all, router or worker), channel (of a worker), resources and storage (yes: a claim of its
own, which the StatefulSet names data).
*/}}
{{- define "sitrep.pod" -}}
{{- $root := .root }}
{{- $v := .root.Values }}
metadata:
  labels:
    {{- include "sitrep.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}{{ with .channel }}-{{ . }}{{ end }}
    {{- with $v.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    {{- if not $v.existingConfigSecret }}
    checksum/config: {{ include "sitrep.config" $root | sha256sum }}
    {{- end }}
    {{- with $v.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "sitrep.serviceAccountName" $root }}
  automountServiceAccountToken: {{ $v.serviceAccount.automount }}
  terminationGracePeriodSeconds: {{ $v.terminationGracePeriodSeconds }}
  {{- with $v.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $v.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  securityContext:
    {{- toYaml $v.podSecurityContext | nindent 4 }}
  containers:
    - name: sitrep
      image: {{ include "sitrep.image" $root | quote }}
      imagePullPolicy: {{ $v.image.pullPolicy }}
      args:
        - serve
        {{- if ne .component "all" }}
        - --role={{ .component }}
        {{- end }}
        {{- with .channel }}
        - --channels={{ . }}
        {{- end }}
        - --config.file=/etc/sitrep/sitrep.yml
        - --storage.path=/var/lib/sitrep/store
        - --web.listen-address=:8420
        {{- if $v.webConfig.existingSecret }}
        - --web.config.file=/etc/sitrep/web/web.yml
        {{- end }}
        {{- range $v.extraArgs }}
        - {{ . | quote }}
        {{- end }}
      {{- with $v.extraEnv }}
      env:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      ports:
        - name: http
          containerPort: 8420
          protocol: TCP
      {{- with $v.livenessProbe }}
      livenessProbe:
        {{- include "sitrep.probe" (dict "probe" . "root" $root) | nindent 8 }}
      {{- end }}
      {{- with $v.readinessProbe }}
      readinessProbe:
        {{- include "sitrep.probe" (dict "probe" . "root" $root) | nindent 8 }}
      {{- end }}
      {{- with $v.startupProbe }}
      startupProbe:
        {{- include "sitrep.probe" (dict "probe" . "root" $root) | nindent 8 }}
      {{- end }}
      resources:
        {{- toYaml .resources | nindent 8 }}
      securityContext:
        {{- toYaml $v.securityContext | nindent 8 }}
      volumeMounts:
        - {name: config, mountPath: /etc/sitrep, readOnly: true}
        {{- if include "sitrep.secretsOf" . }}
        - {name: secrets, mountPath: /etc/sitrep/secrets, readOnly: true}
        {{- end }}
        {{- if and (ne .component "worker") (or $v.contacts.existingSecret $v.contacts.existingConfigMap) }}
        - {name: contacts, mountPath: /etc/sitrep/contacts, readOnly: true}
        {{- end }}
        {{- if ne .component "all" }}
        - {name: nats, mountPath: /etc/sitrep/nats, readOnly: true}
        {{- end }}
        {{- if $v.webConfig.existingSecret }}
        - {name: web, mountPath: /etc/sitrep/web, readOnly: true}
        {{- end }}
        - {name: data, mountPath: /var/lib/sitrep}
        {{- with $v.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: config
      secret:
        secretName: {{ include "sitrep.configSecret" $root }}
        defaultMode: 0440
        items: [{key: sitrep.yml, path: sitrep.yml}]
    {{- with include "sitrep.secretsOf" . }}
    - name: secrets
      secret:
        secretName: {{ . }}
        defaultMode: 0440
    {{- end }}
    {{- if ne .component "worker" }}
    {{- if $v.contacts.existingSecret }}
    - name: contacts
      secret:
        secretName: {{ $v.contacts.existingSecret }}
        defaultMode: 0440
    {{- else if $v.contacts.existingConfigMap }}
    - name: contacts
      configMap:
        name: {{ $v.contacts.existingConfigMap }}
    {{- end }}
    {{- end }}
    {{- if ne .component "all" }}
    - name: nats
      secret:
        secretName: {{ required "externalNats.existingSecret is needed: router.nk, worker.nk, ca.crt, and tls.crt and tls.key" $v.externalNats.existingSecret }}
        defaultMode: 0440
        items:
          - {key: {{ .component }}.nk, path: seed.nk}
          - {key: ca.crt, path: ca.crt}
          {{- if or $v.nats.enabled $v.externalNats.clientCertificate }}
          - {key: tls.crt, path: tls.crt}
          - {key: tls.key, path: tls.key}
          {{- end }}
    {{- end }}
    {{- with $v.webConfig.existingSecret }}
    - name: web
      secret:
        secretName: {{ . }}
        defaultMode: 0440
    {{- end }}
    {{- if not .storage }}
    - name: data
      emptyDir: {}
    {{- end }}
    {{- with $v.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with $v.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $v.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $v.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  affinity:
    {{- if $v.affinity }}
    {{- toYaml $v.affinity | nindent 4 }}
    {{- else }}
    podAntiAffinity:
      preferredDuringSchedulingIgnoredDuringExecution:
        - weight: 100
          podAffinityTerm:
            topologyKey: kubernetes.io/hostname
            labelSelector:
              matchLabels:
                {{- include "sitrep.selectorLabels" $root | nindent 16 }}
                app.kubernetes.io/component: {{ .component }}{{ with .channel }}-{{ . }}{{ end }}
    {{- end }}
{{- end }}
