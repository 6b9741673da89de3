import { type ConfigFault, EnvReader } from "@protobff/runtime/internal/environment/env-reader";
import { expect, it } from "vitest";
import { readTelemetry } from "./config-telemetry.ts";

function read(source: Record<string, string>) {
  const faults: ConfigFault[] = [];
  const config = readTelemetry(new EnvReader(source, faults), () => Buffer.alloc(0));
  return { config, faults: faults.map(({ variable, problem }) => `${variable} ${problem}`) };
}

it("telemetry is off by default", () => {
  expect(read({})).toEqual({ config: {}, faults: [] });
  expect(read({ BFF_ADMIN_PORT: "", BFF_ADMIN_HOST: "0.0.0.0", BFF_ACCESS_LOG: "off" }).config).toEqual({});
});

it("the admin port listens on loopback unless a host is set", () => {
  expect(read({ BFF_ADMIN_PORT: "9090" }).config.admin).toEqual({ host: "127.0.0.1", port: 9090 });
  expect(read({ BFF_ADMIN_PORT: "0", BFF_ADMIN_HOST: "::" }).config.admin).toEqual({ host: "::", port: 0 });
});

it("the admin port differs from the port of requests", () => {
  expect(read({ BFF_ADMIN_PORT: "8080" }).faults).toEqual(["BFF_ADMIN_PORT is 8080, which is the port of requests"]);
  expect(read({ BFF_ADMIN_PORT: "0", PORT: "0" }).faults).toEqual([]);
  expect(read({ BFF_ADMIN_PORT: "8080", PORT: "80" }).faults).toEqual([]);
});

it.each([
  ["all", 1],
  ["1", 1],
  ["0.01", 0.01],
  [".5", 0.5],
])("the share %s of requests is logged", (text, share) => {
  expect(read({ BFF_ACCESS_LOG: text })).toEqual({ config: { accessLog: share }, faults: [] });
});

it.each(["on", "0", "1.5", "-1", "1e-3", "50%", "0.0"])("the share %s is refused", (text) => {
  expect(read({ BFF_ACCESS_LOG: text }).faults).toEqual([`BFF_ACCESS_LOG is ${JSON.stringify(text)}`]);
});
