// Variables of traces: OpenTelemetry's own. Manifests set none of them, because the first one turns traces on.
import type { DeployVariable } from "./variable.ts";

const OTLP = "OTEL_EXPORTER_OTLP";
const FOLDER = "/var/run/secrets/bff/collector";

/** Returns a variable that also exists for traces alone. */
const otlp = (name: string, about: string, rest: Omit<DeployVariable, "name" | "about"> = {}): DeployVariable => ({
  name: `${OTLP}_${name}`,
  about: `${about}, or ${OTLP}_TRACES_${name}`,
  offered: true,
  ...rest,
});

export const TELEMETRY_VARIABLES: readonly DeployVariable[] = [
  {
    name: "BFF_OTEL",
    example: "own",
    about: "destination of traces: own (by OTLP), sdk (to your OpenTelemetry SDK) or off",
  },
  otlp("ENDPOINT", "address of the collector; turns traces on", { example: "http://collector.observability:4318" }),
  otlp("HEADERS", "headers for the collector, name=value separated by commas", { kind: "secret" }),
  otlp("TIMEOUT", "timeout of one attempt in milliseconds", { default: "10000" }),
  otlp("COMPRESSION", "gzip or none", { default: "none" }),
  otlp("PROTOCOL", "http/protobuf alone", { default: "http/protobuf" }),
  otlp("CERTIFICATE", "certificate authorities of the collector", { kind: "file", example: `${FOLDER}/ca.crt` }),
  otlp("CLIENT_CERTIFICATE", "client certificate for the collector", { kind: "file", example: `${FOLDER}/tls.crt` }),
  otlp("CLIENT_KEY", "key of the client certificate", { kind: "secret file", example: `${FOLDER}/tls.key` }),
  { name: "OTEL_TRACES_EXPORTER", example: "otlp", about: "exporter of traces: otlp or none" },
  { name: "OTEL_SDK_DISABLED", default: "false", offered: true, about: "true: no traces, despite other settings" },
  { name: "OTEL_TRACES_SAMPLER", example: "parentbased_traceidratio", about: "sampler of traces" },
  {
    name: "OTEL_TRACES_SAMPLER_ARG",
    default: "1",
    offered: true,
    about: "share of requests with a trace, for samplers by ratio",
  },
  {
    name: "OTEL_SERVICE_NAME",
    example: "shop",
    about: "service name in traces; default: the proto package",
  },
  {
    name: "OTEL_RESOURCE_ATTRIBUTES",
    example: "deployment.environment.name=production",
    about: "further attributes of the process in every span",
  },
  {
    name: "OTEL_BSP_SCHEDULE_DELAY",
    default: "1000",
    offered: true,
    about: "longest wait of a span, in milliseconds",
  },
  {
    name: "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
    default: "2048",
    offered: true,
    about: "spans in one request to the collector",
  },
  {
    name: "OTEL_BSP_MAX_QUEUE_SIZE",
    default: "16384",
    offered: true,
    about: "maximum number of waiting spans; further spans are dropped",
  },
];
