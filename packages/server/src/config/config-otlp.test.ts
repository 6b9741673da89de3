import { readFileSync } from "node:fs";
import { type ConfigFault, EnvReader } from "@protobff/runtime/internal/environment/env-reader";
import { expect, it } from "vitest";
import { readSpanExport } from "./config-otlp.ts";

function read(source: Record<string, string>) {
  const faults: ConfigFault[] = [];
  const unreadable = (path: string) => {
    throw new Error(`no ${path}`);
  };
  const spans = readSpanExport(new EnvReader(source, faults), unreadable);
  return { spans, faults: faults.map(({ variable, problem, remedy }) => `${variable} ${problem}; write ${remedy}`) };
}
const otlp = (source: Record<string, string>) => {
  const { spans, faults } = read(source);
  expect(faults).toEqual([]);
  return spans?.to === "otlp" ? spans.otlp : undefined;
};

it.each<[Record<string, string>]>([
  [{}],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "" }],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318", BFF_OTEL: "off" }],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318", OTEL_SDK_DISABLED: "true" }],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318", OTEL_TRACES_EXPORTER: "none" }],
  [{ BFF_OTEL: "sdk", OTEL_SDK_DISABLED: "TRUE" }],
])("the configuration has no traces with %j", (source) => {
  expect(read(source)).toEqual({ spans: undefined, faults: [] });
});

it("the configuration can select the user's OpenTelemetry", () => {
  expect(read({ BFF_OTEL: "sdk", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" })).toEqual({ spans: { to: "sdk" }, faults: [] });
});

// The examples of OpenTelemetry's specification, "Endpoint URLs for OTLP/HTTP", and what lies beside them.
it.each([
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" }, "http://collector:4318/v1/traces"],
  [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://collector:4318" }, "http://collector:4318/"],
  [
    { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318/mycollector/" },
    "http://collector:4318/mycollector/v1/traces",
  ],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318/mycollector" }, "http://collector:4318/mycollector/v1/traces"],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "https://collector.example/?key=1" }, "https://collector.example/v1/traces?key=1"],
  [
    { OTEL_EXPORTER_OTLP_ENDPOINT: "http://a", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://b/v1/traces/" },
    "https://b/v1/traces/",
  ],
  [{ BFF_OTEL: "own" }, "http://localhost:4318/v1/traces"],
  [{ OTEL_TRACES_EXPORTER: "otlp" }, "http://localhost:4318/v1/traces"],
] as const)("%j sends to %s", (source, url) => {
  expect(otlp(source)?.url).toBe(url);
});

const ON = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318" };

it("the configuration has defaults", () => {
  expect(otlp(ON)).toEqual({
    url: "http://c:4318/v1/traces",
    headers: {},
    timeoutMs: 10_000,
    gzip: false,
    tls: {},
    resource: {},
    delayMs: 1_000,
    mostInBatch: 2_048,
    mostWaiting: 16_384,
  });
});

it("variables of traces override those of all signals", () => {
  const all = { HEADERS: "a=1", TIMEOUT: "1000", COMPRESSION: "gzip" };
  const traces = { HEADERS: "b=2", TIMEOUT: "2000", COMPRESSION: "none" };
  const named = (prefix: string, values: Record<string, string>) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}_${name}`, value]));
  const base = { ...ON, ...named("OTEL_EXPORTER_OTLP", all) };
  expect(otlp(base)).toMatchObject({ headers: { a: "1" }, timeoutMs: 1_000, gzip: true });
  const both = { ...base, ...named("OTEL_EXPORTER_OTLP_TRACES", traces) };
  expect(otlp(both)).toMatchObject({ headers: { b: "2" }, timeoutMs: 2_000, gzip: false });
});

it("headers and resource attributes are decoded", () => {
  const source = {
    ...ON,
    OTEL_EXPORTER_OTLP_HEADERS: " Authorization = Basic%20YWRhOnM= ,, x-tenant=a%2Cb",
    OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=prod,service.name=one,k8s.label=a%3Db%2Cc, empty=",
  };
  expect(otlp(source)).toMatchObject({
    headers: { authorization: "Basic YWRhOnM=", "x-tenant": "a,b" },
    resource: {
      "deployment.environment.name": "prod",
      "service.name": "one",
      "k8s.label": "a=b,c",
      empty: "",
    },
  });
  expect(otlp({ ...source, OTEL_SERVICE_NAME: "two" })?.resource["service.name"]).toBe("two");
});

it("batches are not larger than the queue", () => {
  expect(otlp({ ...ON, OTEL_BSP_MAX_QUEUE_SIZE: "100" })).toMatchObject({ mostWaiting: 100, mostInBatch: 100 });
});

it.each([
  [{ BFF_OTEL: "on" }, 'BFF_OTEL is "on"; write own, sdk or off'],
  [
    { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" },
    'OTEL_EXPORTER_OTLP_PROTOCOL is "grpc", which this server does not support; write http/protobuf, and in OTEL_EXPORTER_OTLP_ENDPOINT the port at which the collector takes it, usually 4318',
  ],
  [
    { OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "http/json" },
    'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL is "http/json", which this server does not support; write http/protobuf, and in OTEL_EXPORTER_OTLP_ENDPOINT the port at which the collector takes it, usually 4318',
  ],
  [
    { OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318" },
    "OTEL_EXPORTER_OTLP_ENDPOINT begins with neither http:// nor https://; write an address like http://127.0.0.1:4318 or https://collector.example",
  ],
  [
    { OTEL_TRACES_EXPORTER: "zipkin" },
    'OTEL_TRACES_EXPORTER is "zipkin"; write otlp or none; other exporters are your own OpenTelemetry\'s, with BFF_OTEL=sdk',
  ],
  [{ OTEL_EXPORTER_OTLP_COMPRESSION: "zstd" }, 'OTEL_EXPORTER_OTLP_COMPRESSION is "zstd"; write gzip or none'],
  [
    { OTEL_EXPORTER_OTLP_TIMEOUT: "10s" },
    'OTEL_EXPORTER_OTLP_TIMEOUT is "10s"; write a whole number between 1 and 600000',
  ],
  [
    { OTEL_EXPORTER_OTLP_HEADERS: "authorization: Bearer secret" },
    "OTEL_EXPORTER_OTLP_HEADERS cannot be read as headers; write name=value, several separated by commas, where a comma, a percent sign and what is not ASCII are percent-encoded",
  ],
  [
    { OTEL_EXPORTER_OTLP_HEADERS: "a=1%0d%0ahost: b" },
    "OTEL_EXPORTER_OTLP_HEADERS cannot be read as headers; write name=value, several separated by commas, where a comma, a percent sign and what is not ASCII are percent-encoded",
  ],
  [
    { OTEL_RESOURCE_ATTRIBUTES: "a=50%" },
    'OTEL_RESOURCE_ATTRIBUTES is "a=50%"; write name=value, several separated by commas, where commas, = and percent signs are percent-encoded',
  ],
  [
    { OTEL_BSP_MAX_QUEUE_SIZE: "10", OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "20" },
    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE is 20, more than the 10 of OTEL_BSP_MAX_QUEUE_SIZE; write as much at most",
  ],
  [
    { OTEL_EXPORTER_OTLP_CERTIFICATE: "ca.pem" },
    "OTEL_EXPORTER_OTLP_CERTIFICATE cannot be read (no ca.pem); write the path of a PEM file",
  ],
])("the configuration refuses %j", (source, fault) => {
  expect(read({ ...ON, ...source }).faults).toEqual([fault]);
});

it("the configuration reads the documented variables, and no others", () => {
  const names = new Set<string>();
  const send = (name: string | symbol): void =>
    void names.add(String(name).replace("OTEL_EXPORTER_OTLP_TRACES_", "OTEL_EXPORTER_OTLP_"));
  const environment = new Proxy<Record<string, string>>(
    { BFF_OTEL: "own" },
    {
      get: (of, name: string) => {
        send(name);
        return of[name];
      },
      // Whether there is one may be asked first.
      getOwnPropertyDescriptor: (of, name) => {
        send(name);
        return Object.getOwnPropertyDescriptor(of, name);
      },
    },
  );
  readSpanExport(new EnvReader(environment, []), () => Buffer.alloc(0));
  const page = readFileSync(new URL("../../../../docs/variables.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\| `((?:OTEL_(?!TRACES_SAMPLER)|BFF_OTEL)\w*)` \|/gm)];
  const reports = rows.map(([, name = ""]) => name);
  expect(reports.filter((name) => name !== "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").sort()).toEqual([...names].sort());
});
