// The OpenTelemetry collector itself, built with Go from its modules: it takes OTLP over HTTP and writes what it has understood.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort, listens } from "../../../../runtime/src/testing/ports.ts";
import type { CollectedSpan, SpanReceiver } from "./receiver.ts";

const source = fileURLToPath(new URL("./collector", import.meta.url));
const binary = fileURLToPath(new URL("../../../.generated/otel-collector-v0.155.0", import.meta.url));

export async function startOtelCollector(): Promise<SpanReceiver> {
  const folder = mkdtempSync(join(tmpdir(), "protobff-collector-"));
  const port = await freePort();
  const file = join(folder, "spans.jsonl");
  writeFileSync(join(folder, "config.yaml"), configuration(port, file));
  const child = spawn(built(), ["--config", join(folder, "config.yaml")], { stdio: "ignore" });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("exit", () => process.off("exit", kill));
  await listens(port, child);
  return {
    url: `http://127.0.0.1:${port}`,
    end: async () => {
      await interrupted(child);
      const lines = readFileSync(file, "utf8").split("\n");
      rmSync(folder, { recursive: true });
      return lines.filter((line) => line !== "").flatMap(spansOf);
    },
  };
}

function built(): string {
  if (!existsSync(binary)) {
    const env = { ...process.env, GOFLAGS: "" };
    execFileSync("go", ["build", "-o", binary, "."], { cwd: source, env, stdio: "inherit" });
  }
  return binary;
}

async function interrupted(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGINT");
  await ended;
}

function configuration(port: number, file: string): string {
  return `
receivers: { otlp: { protocols: { http: { endpoint: "127.0.0.1:${port}" } } } }
exporters: { file: { path: "${file}" } }
service:
  telemetry: { metrics: { level: none } }
  pipelines: { traces: { receivers: [otlp], exporters: [file] } }
`;
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/** Parses one line: `TracesData` as OTLP's JSON. */
function spansOf(line: string): CollectedSpan[] {
  const { resourceSpans } = JSON.parse(line) as {
    readonly resourceSpans: readonly {
      readonly resource: { readonly attributes: readonly Attribute[] };
      readonly scopeSpans: readonly { readonly spans: readonly RawSpan[] }[];
    }[];
  };
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        ...span,
        service: String(plain(resource.attributes)["service.name"]),
        parentSpanId: span.parentSpanId ?? "",
        attributes: plain(span.attributes ?? []),
        links: span.links ?? [],
        failed: span.status?.code === 2,
      })),
    ),
  );
}
type RawSpan = Omit<CollectedSpan, "service" | "parentSpanId" | "attributes" | "links" | "failed"> & {
  readonly parentSpanId?: string;
  readonly attributes?: readonly Attribute[];
  readonly links?: CollectedSpan["links"];
  readonly status?: { readonly code?: number };
};

function plain(attributes: readonly Attribute[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
