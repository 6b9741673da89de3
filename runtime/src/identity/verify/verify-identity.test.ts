import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { CredentialSchema, PrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AssertionRig, GATEWAY, SERVICE } from "../../testing/assertion-rig.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { NotVerified, openKeys, type PrincipalKeys, SIGNED_HEADER, verifyPrincipal } from "./index.ts";

let rig: AssertionRig;
let keys: PrincipalKeys;
let server: Server;
let fetchCount = 0;
beforeEach(async () => {
  rig = new AssertionRig();
  fetchCount = 0;
  server = createServer((_, response) => {
    fetchCount++;
    void rig.published().then((text) => response.setHeader("cache-control", "max-age=300").end(text));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  keys = openKeys(`http://127.0.0.1:${port}/.well-known/bff-keys`, { clock: rig.clock });
  await keys.keys.opened;
});
afterEach(async () => {
  await keys.close();
  rig.propagation.close();
  server.closeAllConnections();
  server.close();
  rig.remove();
});
const outcomeOf = async (header: string | null | undefined, more = {}): Promise<string> => {
  try {
    const options = { type: PrincipalSchema, issuer: GATEWAY, audience: SERVICE, keys, ...more };
    const { principal, source } = await verifyPrincipal(header, options);
    return `${source} ${principal.subject}`;
  } catch (thrown) {
    return thrown instanceof NotVerified ? `${thrown.code} ${thrown.message}` : `threw ${thrown}`;
  }
};

describe("a service verifies", () => {
  test("a valid header names the caller", async () => {
    const { principal, expires } = await verifyPrincipal(rig.header(), {
      type: PrincipalSchema,
      issuer: GATEWAY,
      audience: SERVICE,
      keys,
    });
    expect(principal).toMatchObject({ subject: "ada", issuer: "https://login.example" });
    expect(expires.getTime()).toBe(Math.floor(rig.clock.date().getTime() / 1000) * 1000 + 60_000);
    expect(SIGNED_HEADER).toBe("x-principal-signed-bin");
  });
  test.each([[undefined], [null], [""]])("a header names no caller: %s", async (header) => {
    expect(await outcomeOf(header)).toBe("16 no caller is named");
  });
  test("a header for another audience, of another issuer, or of another type is refused", async () => {
    expect(await outcomeOf(rig.header(), { audience: "other.v1.OtherService" })).toBe(
      "16 the assertion is for another audience",
    );
    expect(await outcomeOf(rig.header(), { audience: ["other.v1.OtherService", SERVICE] })).toBe("user ada");
    expect(await outcomeOf(rig.header(), { issuer: "https://other.example" })).toBe(
      "16 the assertion is of another issuer",
    );
    expect(await outcomeOf(rig.header(), { type: CredentialSchema })).toBe(
      "16 the assertion holds no bff.v1.Credential",
    );
  });
  test("an expired header is refused", async () => {
    const header = rig.header();
    await rig.clock.advance(65_000);
    expect(await outcomeOf(header)).toBe("16 the assertion has expired");
  });
  test("a new key is accepted as soon as it is published, and a withdrawn key is refused", async () => {
    await rig.clock.advance(10_000);
    const old = rig.header();
    rig.propagation.close();
    rig.write("second");
    rig.propagation = rig.signing("second");
    expect(await outcomeOf(rig.header())).toBe("user ada");
    expect(fetchCount).toBe(2);
    expect(await outcomeOf(old)).toBe("16 the assertion is signed with an unknown key");
  });
  test("a header is UNAVAILABLE if its keys were never fetched", async () => {
    const clock = new FakeClock();
    const away = openKeys("http://127.0.0.1:1/.well-known/bff-keys", { clock });
    expect(await outcomeOf(rig.header(), { keys: away })).toBe("14 the issuer's keys cannot be fetched");
    await away.close();
  });
});

const here = fileURLToPath(new URL(".", import.meta.url));
const root = fileURLToPath(new URL("../../../..", import.meta.url));
function loaded(statement: string): string[] {
  const script = `
    import { registerHooks } from "node:module";
    const urls = [];
    registerHooks({ load(url, context, next) { urls.push(url); return next(url, context); } });
    const keys = await import(process.argv[1]);
    ${statement}
    console.log(JSON.stringify(urls));`;
  const run = execFileSync(process.execPath, ["--input-type=module", "--eval", script, "--", `${here}index.ts`]);
  return JSON.parse(String(run));
}
test("the module loads nothing of the BFF's server, and only protobuf-es of the installed packages", () => {
  const urls = loaded("");
  const localUrls = urls.filter((url) => url.startsWith("file:") && !url.includes("/node_modules/"));
  const rooms = localUrls.map((url) => relative(root, fileURLToPath(url)).split("/").slice(0, 3).join("/"));
  expect([...new Set(rooms)].sort()).toEqual([
    "packages/messages/src",
    ...["clock.ts", "engine-buffer.ts", "error-info.ts", "failure.ts", "identity", "timers.ts", "wire"].map(
      (room) => `runtime/src/${room}`,
    ),
  ]);
  const packages = urls.flatMap((url) => /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? []);
  expect([...new Set(packages)]).toEqual(["@bufbuild/protobuf"]);
});

test("the keys do not keep a finished process alive", () => {
  // Nobody listens there. It ends, or this would never return.
  expect(loaded(`keys.openKeys("http://127.0.0.1:1/keys");`).length).toBeGreaterThan(0);
});
