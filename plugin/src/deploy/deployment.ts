import { comment } from "../text/yaml.ts";
import { keyOf } from "./config-map.ts";
import type { ServerDeployment } from "./server-deployment.ts";
import type { DeployVariable } from "./variable.ts";

/** Seconds that a pod has beyond BFF_DRAIN_DELAY and BFF_GRACE. */
const MARGIN_S = 5;

export function deployment({ name, variables }: ServerDeployment): string {
  const secrets = variables.filter(({ kind }) => kind === "secret");
  const keys = variables.filter(({ kind, here }) => kind === "secret file" && here !== undefined);
  const settingOf = (name: string): string => {
    const found = variables.find((variable) => variable.name === name);
    return found?.here?.value ?? found?.default ?? "0s";
  };
  const [delay, grace] = [settingOf("BFF_DRAIN_DELAY"), settingOf("BFF_GRACE")];
  const seconds = Number.parseInt(delay, 10) + Number.parseInt(grace, 10) + MARGIN_S;
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
  labels:
    app.kubernetes.io/name: ${name}
spec:
  # The HorizontalPodAutoscaler sets the number of replicas.
  selector:
    matchLabels:
      app.kubernetes.io/name: ${name}
  strategy:
    type: RollingUpdate
    rollingUpdate: { maxUnavailable: 0, maxSurge: 25% }
  template:
    metadata:
      labels:
        app.kubernetes.io/name: ${name}
      annotations:
        # For a Prometheus that looks for these; with the Prometheus Operator, a PodMonitor of the port \`admin\`.
        prometheus.io/scrape: "true"
        prometheus.io/port: "9090"
        prometheus.io/path: /metrics
    spec:
      # BFF_DRAIN_DELAY (${delay}), BFF_GRACE (${grace}) and ${MARGIN_S} s more. No preStop: the process keeps serving while endpoints lag behind.
      terminationGracePeriodSeconds: ${seconds}
      automountServiceAccountToken: false
      enableServiceLinks: false
      securityContext:
        runAsNonRoot: true
        seccompProfile: { type: RuntimeDefault }
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector: { matchLabels: { app.kubernetes.io/name: ${name} } }
        - maxSkew: 1
          topologyKey: topology.kubernetes.io/zone
          whenUnsatisfiable: ScheduleAnyway
          labelSelector: { matchLabels: { app.kubernetes.io/name: ${name} } }
${container(name, secrets)}${keys.length === 0 ? "" : volumes(keys, name)}`;
}

function container(name: string, secrets: readonly DeployVariable[]): string {
  return `      containers:
        - name: bff
          # An overlay sets it: images: [{ name: ${name}, newName: registry.example/${name}, newTag: "1" }]
          image: ${name}
          ports:
            - { name: http, containerPort: 8080, protocol: TCP }
            - { name: admin, containerPort: 9090, protocol: TCP }
          envFrom:
            - configMapRef: { name: ${name} }
${secrets.length === 0 ? "" : `          env:\n${secrets.map((secretVariable) => secret(secretVariable, name)).join("")}`}          # All by HTTP/1.1, which is answered beside HTTP/2. With TLS_CERT_FILE they need scheme: HTTPS.
          startupProbe:
            httpGet: { path: /readyz, port: http }
            periodSeconds: 1
            failureThreshold: 60
          readinessProbe:
            httpGet: { path: /readyz, port: http }
            periodSeconds: 5
            timeoutSeconds: 2
            failureThreshold: 2
          livenessProbe:
            httpGet: { path: /healthz, port: http }
            periodSeconds: 10
            timeoutSeconds: 3
          resources:
            # One process composes on one core. No limit of CPU, which would only throttle.
            requests: { cpu: "1", memory: 256Mi }
            limits: { memory: 768Mi }
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: { drop: [ALL] }
`;
}

/** Returns a variable that refers to a Secret, which the operator creates. */
function secret({ name, about, required }: DeployVariable, of: string): string {
  const optional = required === true ? "" : ", optional: true";
  return `            # ${comment(about)}
            - name: ${keyOf(name)}
              valueFrom: { secretKeyRef: { name: ${of}, key: ${keyOf(name)}${optional} } }
`;
}

/** Secrets that are files: \`web-v1-identity-keys\`, at the folder of what the ConfigMap names. */
function volumes(files: readonly DeployVariable[], name: string): string {
  const mounted = files.map(({ here }) => {
    const path = here?.value.slice(0, here.value.lastIndexOf("/")) ?? "";
    return { path, volume: path.slice(path.lastIndexOf("/") + 1) };
  });
  const mounts = mounted.map(
    ({ path, volume }) => `            - { name: ${volume}, mountPath: ${path}, readOnly: true }\n`,
  );
  const sources = mounted.map(
    ({ volume }) => `        - { name: ${volume}, secret: { secretName: ${name}-${volume} } }\n`,
  );
  return `          volumeMounts:
${mounts.join("")}      volumes:
${sources.join("")}`;
}
