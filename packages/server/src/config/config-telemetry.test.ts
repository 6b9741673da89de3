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

const TOKEN = "0123456789abcdef";

it.each([
  [{}, undefined, undefined],
  [{ BFF_EXPLORER_TOKEN: TOKEN }, { token: TOKEN }, undefined],
  [{ BFF_EXPLORER_TOKEN: "none" }, {}, undefined],
  [{ BFF_EXPLORER: "true" }, {}, ", and write BFF_EXPLORER_TOKEN=none"],
  [{ BFF_EXPLORER: "1", BFF_EXPLORER_TOKEN: TOKEN }, { token: TOKEN }, ": BFF_EXPLORER_TOKEN is enough"],
  [{ BFF_EXPLORER: "false", BFF_EXPLORER_TOKEN: TOKEN }, undefined, " and BFF_EXPLORER_TOKEN"],
  [{ BFF_EXPLORER: "0" }, undefined, ""],
])("a token turns the live page on, and BFF_EXPLORER is read until 1.0: %j", (source, explorer, instead) => {
  const { config, faults } = read({ BFF_ADMIN_PORT: "0", ...source });
  const line = `BFF_EXPLORER is read until 1.0 only: unset it${instead}`;
  expect({ ...config, faults }).toEqual({
    admin: { host: "127.0.0.1", port: 0 },
    explorer,
    old: instead === undefined ? undefined : [line],
    faults: [],
  });
});

it("none is no token where other hosts can reach the page", () => {
  const { faults } = read({ BFF_ADMIN_PORT: "0", BFF_ADMIN_HOST: "0.0.0.0", BFF_EXPLORER_TOKEN: "none" });
  expect(faults).toEqual([
    'BFF_EXPLORER_TOKEN is none, and other hosts can reach "0.0.0.0", where the live page shows requests',
  ]);
});
