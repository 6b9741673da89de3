import { expect, test } from "vitest";
import { readSessionConfig } from "./session-config.ts";

const SOUND = {
  BFF_PUBLIC_URL: "https://app.example",
  BFF_SESSION_KEYS: Buffer.alloc(32).toString("base64"),
  BFF_BROWSER_CLIENT_SECRET: "secret",
};
function faultsOf(environment: Readonly<Record<string, string>>): string[] {
  const faults: string[] = [];
  const all: Readonly<Record<string, string>> = { ...SOUND, ...environment };
  const settings = {
    optional: (name: string) => all[name],
    fault: (variable: string, problem: string) => faults.push(`${variable} ${problem}`),
  };
  readSessionConfig({ name: "browser", issuer: "https://login.example" }, settings as never);
  return faults;
}

test.each(["2", "auto"])("with BFF_WORKERS=%s sessions need Redis", (workers) => {
  expect(faultsOf({ BFF_WORKERS: workers })).toEqual([
    `REDIS_URL is not set, and BFF_WORKERS is ${workers}: a session of one process would be unknown to the others`,
  ]);
  expect(faultsOf({ BFF_WORKERS: workers, REDIS_URL: "redis://127.0.0.1" })).toEqual([]);
  expect(faultsOf({ BFF_WORKERS: workers, BFF_STATE_REDIS_URL: "redis://127.0.0.1" })).toEqual([]);
});
test("sessions of one process do not need Redis", () => {
  expect([faultsOf({}), faultsOf({ BFF_WORKERS: "1" })]).toEqual([[], []]);
});
