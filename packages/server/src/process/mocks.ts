// `server.ts --mock`: upstreams in the process, so that a server runs without any others.
import type { DescService } from "@bufbuild/protobuf";
import type { ConfigFault, Environment } from "@protobff/runtime/internal/environment/env-reader";
import { variablePrefix } from "../config/config-upstreams.ts";

/**
 * Default answers of upstreams in place of samples, by the names of upstreams and methods: messages, and functions that
 * return them.
 */
export type MockDefaults = Readonly<Record<string, Readonly<Record<string, object>>>>;

/** Upstreams that are mocked: none, those without an address, or all. */
type MockMode = "none" | "missing" | "all";

/**
 * Reads the arguments of the command. With a fault, all upstreams are mocked, so that a missing address is not reported
 * as well.
 */
export function mockMode(
  args: readonly string[],
  generated: boolean,
): { mode: MockMode; faults: readonly ConfigFault[] } {
  const flag = args.find((arg) => arg === "--mock" || arg.startsWith("--mock="));
  if (flag === undefined) return { mode: "none", faults: [] };
  const fault = (problem: string, remedy: string): ConfigFault => ({ variable: flag, problem, remedy });
  if (flag !== "--mock" && flag !== "--mock=all") {
    return {
      mode: "all",
      faults: [fault("is no way to mock upstreams", "--mock for those without an address, or --mock=all")],
    };
  }
  if (generated) {
    const mode = flag === "--mock" ? "missing" : "all";
    if (hasTesting()) return { mode, faults: [] };
    const install = "npm install --save-dev @protobff/testing";
    return { mode, faults: [fault("needs the package @protobff/testing, which is not installed", install)] };
  }
  const remedy = 'mock=true among the options of protoc-gen-bff in buf.gen.yaml, and run "buf generate" again';
  return { mode: "all", faults: [fault("is not possible, for this server was generated without mocks", remedy)] };
}

/** The upstreams that are mocked. Their branches are off. */
export function mockedOf(
  upstreams: Readonly<Record<string, DescService>>,
  mode: MockMode,
  environment: Environment,
): ReadonlyMap<string, DescService> {
  if (mode === "none") return new Map();
  const isMissing = ({ typeName }: DescService): boolean =>
    ["_URL", "_SHARDS"].every((end) => (environment[variablePrefix(typeName) + end] ?? "") === "");
  return new Map(Object.entries(upstreams).filter(([, service]) => mode === "all" || isMissing(service)));
}

/** True if the package of mocks, an optional peer dependency, is installed. */
function hasTesting(): boolean {
  try {
    import.meta.resolve("@protobff/testing");
    return true;
  } catch {
    return false;
  }
}

/** Returns the members whose names are not in a map. */
export function without<T extends Readonly<Record<string, unknown>>>(all: T, names: ReadonlyMap<string, unknown>): T {
  return Object.fromEntries(Object.entries(all).filter(([name]) => !names.has(name))) as T;
}
