// Kubernetes objects of a server, and a kustomization of all of them. An overlay contains the settings of a single
// cluster.
import { comment } from "../text/yaml.ts";
import { configMap } from "./config-map.ts";
import { deployment } from "./deployment.ts";
import { grpcRoutes, httpRoutes, webSocketName } from "./routes/print-routes.ts";
import type { ServedServer } from "./routes/served-server.ts";
import type { ServerDeployment } from "./server-deployment.ts";

interface Manifest {
  readonly file: string;
  readonly text: string;
}

/** Returns all objects in the order in which they are written; `routes` are those of `routeManifests`. */
export function manifests(deployed: ServerDeployment, routes: readonly Manifest[]): readonly Manifest[] {
  const objects = [
    { file: "configmap.yaml", text: configMap(deployed) },
    { file: "deployment.yaml", text: deployment(deployed) },
    { file: "service.yaml", text: mainService(deployed.name) },
    { file: "horizontalpodautoscaler.yaml", text: autoscaler(deployed) },
    { file: "poddisruptionbudget.yaml", text: disruptionBudget(deployed) },
    { file: "networkpolicy.yaml", text: networkPolicy(deployed) },
  ];
  const all = { file: "kustomization.yaml", text: kustomization([...objects, ...routes]) };
  const [last, ...first] = headed(deployed, [all, ...objects]);
  return [...first, ...routes, ...(last === undefined ? [] : [last])];
}

/** Returns the routes of Gateway API to a server, and the Service of its WebSockets. */
export function routeManifests(deployed: ServerDeployment, served: ServedServer): readonly Manifest[] {
  return headed(deployed, [
    ...(served.follows ? [{ file: "service-ws.yaml", text: webSocketService(deployed.name) }] : []),
    { file: "httproute.yaml", text: httpRoutes(served) },
    { file: GRPC_ROUTE, text: grpcRoutes(served) },
  ]);
}
const GRPC_ROUTE = "grpcroute.yaml";

function headed({ server }: ServerDeployment, all: readonly Manifest[]): readonly Manifest[] {
  const head = `# ${comment(server.name || "the BFF")}: written by protoc-gen-bff. Change it in an overlay (docs/deploying.md, "Deploy files").\n`;
  return all.map(({ file, text }) => ({ file, text: `${head}${text}` }));
}

const labels = (name: string, indent: string): string => `${indent}app.kubernetes.io/name: ${name}`;

/** Returns a Service of the pods of a server. `about` are the lines of a comment on its port. */
function service(name: string, pods: string, appProtocol: string, about: readonly string[]): string {
  return `apiVersion: v1
kind: Service
metadata:
  name: ${name}
  labels:
${labels(pods, "    ")}
spec:
  selector:
${labels(pods, "    ")}
  ports:
${about.map((line) => `    # ${line}\n`).join("")}    - { name: http, port: 80, targetPort: http, appProtocol: kubernetes.io/${appProtocol} }
`;
}

/** All traffic uses one port: gRPC and Connect by HTTP/2 without TLS; Connect, REST and health by either HTTP. */
const mainService = (name: string): string =>
  service(name, name, "h2c", [
    "HTTP/1.1 is answered at this port, too. A gRPC client keeps one connection: let a proxy balance its requests, or make the Service",
    "headless (clusterIP: None), so that clients see all pods.",
  ]);
/** WebSockets need HTTP/1.1. */
const webSocketService = (name: string): string =>
  service(webSocketName(name), name, "ws", [`The pods and the port of ${name}. Gateways send WebSockets by HTTP/1.1.`]);

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

function kustomization(objects: readonly Manifest[]): string {
  const lines = objects.map(({ file }) =>
    file === GRPC_ROUTE
      ? `  # For clusters with a host name that carries nothing but gRPC; the HTTPRoute carries gRPC, too.\n  # - ${file}`
      : `  - ${file}`,
  );
  return `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
${lines.join("\n")}
`;
}
