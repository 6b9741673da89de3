// Kubernetes objects of a server, and a kustomization of all of them. An overlay contains the settings of a single
// cluster.
import { comment } from "../text/yaml.ts";
import { configMap } from "./config-map.ts";
import { deployment } from "./deployment.ts";
import type { ServerDeployment } from "./server-deployment.ts";

/** In the order in which they are written. */
export function manifests(deployed: ServerDeployment): readonly { readonly file: string; readonly text: string }[] {
  const objects = [
    { file: "configmap.yaml", text: configMap(deployed) },
    { file: "deployment.yaml", text: deployment(deployed) },
    { file: "service.yaml", text: service(deployed) },
    { file: "horizontalpodautoscaler.yaml", text: autoscaler(deployed) },
    { file: "poddisruptionbudget.yaml", text: disruptionBudget(deployed) },
    { file: "networkpolicy.yaml", text: networkPolicy(deployed) },
  ];
  const all = { file: "kustomization.yaml", text: kustomization(deployed, objects) };
  const head = `# ${comment(deployed.server.name || "the BFF")}: written by protoc-gen-bff. Change it in an overlay (docs/deploying.md, "Deploy files").\n`;
  return [...objects, all].map(({ file, text }) => ({ file, text: `${head}${text}` }));
}

const labels = (name: string, indent: string): string => `${indent}app.kubernetes.io/name: ${name}`;

/**
 * Returns the Service. All traffic uses one port: gRPC and Connect by HTTP/2 without TLS; Connect, REST and health by
 * either HTTP.
 */
function service({ name }: ServerDeployment): string {
  return `apiVersion: v1
kind: Service
metadata:
  name: ${name}
  labels:
${labels(name, "    ")}
spec:
  selector:
${labels(name, "    ")}
  ports:
    # HTTP/1.1 is answered at this port, too. A gRPC client keeps one connection: let a proxy balance its requests, or make the Service
    # headless (clusterIP: None), so that clients see all pods.
    - { name: http, port: 80, targetPort: http, appProtocol: kubernetes.io/h2c }
`;
}

function autoscaler({ name }: ServerDeployment): string {
  return `apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: ${name}
  labels:
${labels(name, "    ")}
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: ${name} }
  minReplicas: 2
  maxReplicas: 10
  metrics:
    # Share of the CPU that the container requests: one core, as one process uses.
    - type: Resource
      resource: { name: cpu, target: { type: Utilization, averageUtilization: 70 } }
`;
}

function disruptionBudget({ name }: ServerDeployment): string {
  return `apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: ${name}
  labels:
${labels(name, "    ")}
spec:
  maxUnavailable: 1
  # A pod that is not ready keeps no node from being drained.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
${labels(name, "      ")}
`;
}

function networkPolicy({ name }: ServerDeployment): string {
  return `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: ${name}
  labels:
${labels(name, "    ")}
spec:
  podSelector:
    matchLabels:
${labels(name, "      ")}
  policyTypes: [Ingress]
  ingress:
    - ports: [{ port: http, protocol: TCP }]
    # Metrics are for their collectors.
    - from:
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: monitoring
      ports: [{ port: admin, protocol: TCP }]
`;
}

function kustomization(_: ServerDeployment, objects: readonly { readonly file: string }[]): string {
  return `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
${objects.map(({ file }) => `  - ${file}`).join("\n")}
`;
}
