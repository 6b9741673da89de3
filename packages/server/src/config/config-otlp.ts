// Destination of spans, from OpenTelemetry's variables (its specification: "OpenTelemetry Protocol Exporter",
// "Environment Variables").
import type { ConfigFault, EnvReader } from "@protobff/runtime/internal/environment/env-reader";
import { quoted } from "@protobff/runtime/internal/environment/one-line";
import { type FileReader, isUsable, readPair, readPem } from "@protobff/runtime/internal/environment/pem-files";
import type { OtlpConfig } from "../telemetry/otlp.ts";

/** Destination of spans: a collector by OTLP, or the provider that the user's OpenTelemetry SDK has registered. */
export type SpanExport = { readonly to: "otlp"; readonly otlp: OtlpConfig } | { readonly to: "sdk" };

const BASE = "OTEL_EXPORTER_OTLP";
const TRACES = `${BASE}_TRACES`;
const EXAMPLE = "an address like http://127.0.0.1:4318 or https://collector.example";
const LOCAL = "http://localhost:4318";
const PROTOCOL = "http/protobuf";
const MAX_MS = 600_000;
const MAX_SPANS = 1_000_000;

/** Reads the destination of spans. Undefined: no traces. */
export function readSpanExport(read: EnvReader, readFile: FileReader): SpanExport | undefined {
  const choice = readChoice(read);
  const exporter = readExporter(read);
  const disabled = read.optional("OTEL_SDK_DISABLED")?.toLowerCase() === "true";
  if (choice === "off" || disabled || exporter === "none") return undefined;
  if (choice === "sdk") return { to: "sdk" };
  const value = either(read, "ENDPOINT") !== undefined;
  // The specification's default address applies only if traces are requested.
  if (!value && choice === undefined && exporter === undefined) return undefined;
  return { to: "otlp", otlp: readOtlp(read, readFile) };
}

/** Returns what the export to the user's OpenTelemetry SDK lacks, besides variables. */
export async function sdkFaults(to: SpanExport | undefined): Promise<readonly ConfigFault[]> {
  if (to?.to !== "sdk") return [];
  const { sdkProblem } = await import("../telemetry/sdk.ts");
  const fault = await sdkProblem();
  return fault === undefined ? [] : [{ variable: "BFF_OTEL", ...fault }];
}

function readChoice(read: EnvReader): "own" | "sdk" | "off" | undefined {
  const text = read.optional("BFF_OTEL");
  if (text === undefined || text === "own" || text === "sdk" || text === "off") return text;
  read.fault("BFF_OTEL", `is ${quoted(text)}`, "own, sdk or off");
  return undefined;
}

function readExporter(read: EnvReader): "otlp" | "none" | undefined {
  const text = read.optional("OTEL_TRACES_EXPORTER");
  if (text === undefined || text === "otlp" || text === "none") return text;
  const remedy = "otlp or none; other exporters are your own OpenTelemetry's, with BFF_OTEL=sdk";
  read.fault("OTEL_TRACES_EXPORTER", `is ${quoted(text)}`, remedy);
  return undefined;
}

function readOtlp(read: EnvReader, readFile: FileReader): OtlpConfig {
  readProtocol(read);
  const url = readEndpoint(read);
  const mostWaiting = read.within("OTEL_BSP_MAX_QUEUE_SIZE", 1, MAX_SPANS, "16384");
  const mostInBatch = read.within("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 1, MAX_SPANS, String(Math.min(2_048, mostWaiting)));
  if (mostInBatch > mostWaiting) {
    const problem = `is ${mostInBatch}, more than the ${mostWaiting} of OTEL_BSP_MAX_QUEUE_SIZE`;
    read.fault("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", problem, "as much at most");
  }
  return {
    url,
    headers: readHeaders(read),
    timeoutMs: read.within(either(read, "TIMEOUT")?.variable ?? `${BASE}_TIMEOUT`, 1, MAX_MS, "10000"),
    gzip: readCompression(read),
    tls: readTls(read, url, readFile),
    resource: readResource(read),
    delayMs: read.within("OTEL_BSP_SCHEDULE_DELAY", 1, MAX_MS, "1000"),
    mostInBatch,
    mostWaiting,
  };
}

/** Reads the variable for traces, or else the general one. */
function either(read: EnvReader, name: string): { readonly variable: string; readonly text: string } | undefined {
  for (const variable of [`${TRACES}_${name}`, `${BASE}_${name}`]) {
    const text = read.optional(variable);
    if (text !== undefined) return { variable, text };
  }
  return undefined;
}

function readProtocol(read: EnvReader): void {
  const value = either(read, "PROTOCOL");
  if (value === undefined || value.text === PROTOCOL) return;
  const remedy = `${PROTOCOL}, and in ${BASE}_ENDPOINT the port at which the collector takes it, usually 4318`;
  read.fault(value.variable, `is ${quoted(value.text)}, which this server does not support`, remedy);
}

/** Reads the address: that for traces unchanged, the general one with `v1/traces` appended. */
function readEndpoint(read: EnvReader): string {
  const { variable, text } = either(read, "ENDPOINT") ?? { variable: `${BASE}_ENDPOINT`, text: LOCAL };
  const url = URL.parse(text);
  if (url === null || !/^https?:\/\//i.test(text)) {
    // The value is not repeated: it may have a password in it.
    read.fault(variable, "begins with neither http:// nor https://", EXAMPLE);
    return LOCAL;
  }
  if (variable === `${TRACES}_ENDPOINT`) return url.href;
  url.pathname = `${url.pathname.replace(/\/$/, "")}/v1/traces`;
  return url.href;
}

function readCompression(read: EnvReader): boolean {
  const value = either(read, "COMPRESSION");
  if (value === undefined || value.text === "none") return false;
  if (value.text !== "gzip") read.fault(value.variable, `is ${quoted(value.text)}`, "gzip or none");
  return value.text === "gzip";
}

function readTls(read: EnvReader, url: string, readFile: FileReader): OtlpConfig["tls"] {
  const name = (of: string): string => either(read, of)?.variable ?? `${BASE}_${of}`;
  const caFile = name("CERTIFICATE");
  const ca = readPem(read, caFile, readFile);
  if (ca !== undefined && !isUsable({ ca })) {
    read.fault(caFile, "holds no certificate that can be used", "the path of a PEM file");
  }
  const tls = {
    ...(ca !== undefined && { ca }),
    ...readPair(read, name("CLIENT_CERTIFICATE"), name("CLIENT_KEY"), readFile),
  };
  if (url.startsWith("http:") && Object.keys(tls).length > 0) {
    const { variable } = either(read, "ENDPOINT") ?? { variable: `${BASE}_ENDPOINT` };
    read.fault(variable, "is no https:// although there are certificates for it", "https://…, or unset these");
  }
  return tls;
}

function readHeaders(read: EnvReader): Readonly<Record<string, string>> {
  const headers = either(read, "HEADERS");
  if (headers === undefined) return {};
  const pairs = pairsOf(headers.text);
  const remedy =
    "name=value, several separated by commas, where a comma, a percent sign and what is not ASCII are percent-encoded";
  if (pairs === undefined || !pairs.every(isHeader)) {
    // The value is not repeated: it is mostly a secret.
    read.fault(headers.variable, "cannot be read as headers", remedy);
    return {};
  }
  return Object.fromEntries(pairs.map(([name, value]) => [name.toLowerCase(), value]));
}

function isHeader([name, value]: readonly [string, string]): boolean {
  const { validateHeaderName, validateHeaderValue } = process.getBuiltinModule("node:http");
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return true;
  } catch {
    return false;
  }
}

function readResource(read: EnvReader): Readonly<Record<string, string>> {
  const text = read.optional("OTEL_RESOURCE_ATTRIBUTES");
  const pairs = text === undefined ? [] : pairsOf(text);
  if (pairs === undefined) {
    const remedy = "name=value, several separated by commas, where commas, = and percent signs are percent-encoded";
    read.fault("OTEL_RESOURCE_ATTRIBUTES", `is ${quoted(text ?? "")}`, remedy);
  }
  const name = read.optional("OTEL_SERVICE_NAME");
  return { ...Object.fromEntries(pairs ?? []), ...(name !== undefined && { "service.name": name }) };
}

/** `a=b,c=d`, as in W3C's Baggage without properties; undefined where something is wrong with it. */
function pairsOf(text: string): (readonly [string, string])[] | undefined {
  const items = text.split(",").map((item) => item.trim());
  try {
    return items
      .filter((item) => item !== "")
      .map((item) => {
        const [, name = "", value = ""] = /^([^=]+)=(.*)$/s.exec(item) ?? [];
        if (name.trim() === "") throw new URIError();
        return [decodeURIComponent(name.trim()), decodeURIComponent(value.trim())] as const;
      });
  } catch {
    return undefined;
  }
}
