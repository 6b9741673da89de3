// Open streams of denied callers, from the command that denies them to the clients: with a store in SQLite, a server, and
// the clock of a test.
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import * as http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import { openIdentity } from "@protobff/runtime/internal/environment/open-identity";
import { Overrides } from "@protobff/runtime/internal/environment/overrides";
import { SqliteKeys } from "@protobff/runtime/internal/identity/api-key/sqlite-keys";
import { GuardedIdentity, NO_CALLERS } from "@protobff/runtime/internal/identity/denylist/denylist";
import { identity } from "@protobff/runtime/internal/identity/identity-spec";
import { SHOW, streamRig } from "@protobff/runtime/internal/testing/follow-rig";
import { BEARER, sourceOf } from "@protobff/runtime/internal/testing/gate-rig";
import { Front } from "@protobff/runtime/internal/testing/gen/test_pb";
import { expect, onTestFinished, test } from "vitest";
import { runBffKey } from "../command/bff-key.ts";
import { listen } from "../listen.ts";

const NAME = `${Front.typeName}/${SHOW.name}`;
/** ErrorInfo with the reason DENIED and the domain bff.v1. */
const REASON = "CgZERU5JRUQSBmJmZi52MQ";
/** Longest delay of a reading, and between two checks of an open stream. */
const [READ_MS, CHECK_MS] = [5_000, 30_000];

/** @param known whether the RPC has an identity */
async function served(known = true) {
  const folder = mkdtempSync(join(tmpdir(), "denied-streams-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "keys.db");
  const { endpoint, clock, sources, responses } = streamRig();
  const overrides = await Overrides.open(await SqliteKeys.at(file), clock);
  overrides.watch((message) => expect.fail(message));
  onTestFinished(() => overrides.close());
  const opened = await openIdentity(identity(PrincipalSchema, [sourceOf("user", BEARER)]), { environment: {} });
  const guarded = new GuardedIdentity(opened, overrides.denylist);
  const stream = known
    ? endpoint({ identity: guarded, maxAgeMs: 1_800_000 })
    : endpoint({ maxAgeMs: 1_800_000, guard: new GuardedIdentity(NO_CALLERS, overrides.denylist) });
  const server = await listen([{ ...stream, method: { ...SHOW, idempotency: 1 } as typeof SHOW }]);
  onTestFinished(() => server.close(0));
  const follow = async (subject: string) => {
    const headers = { accept: "text/event-stream", authorization: `Bearer user-${subject}` };
    const request = http.get(`${server.url}/${NAME}?encoding=json&message={}`, { agent: false, headers });
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    let text = "";
    response.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    return { status: response.statusCode, text: () => text, ended: once(response, "end") };
  };
  const command = async (...args: readonly string[]): Promise<void> => {
    const code = await runBffKey(args, { BFF_STORE_FILE: file }, { out: () => {}, error: () => {} });
    expect(code).toBe(0);
  };
  return { clock, sources, responses, follow, command };
}

test.each([
  ["subject", "ada", ["ada"], ["bea"], true],
  ["key", "id-bea", ["bea"], ["ada"], true],
  ["address", "127.0.0.0/8", ["ada", "bea"], [], true],
  ["address", "127.0.0.0/8", ["ada", "bea"], [], false],
])("streams of a denied %s %s end within 35 s, and others continue", async (kind, value, denied, others, known) => {
  const { clock, sources, responses, follow, command } = await served(known);
  const streams = new Map<string, Awaited<ReturnType<typeof follow>>>();
  for (const subject of ["ada", "bea"]) {
    const opening = follow(subject);
    while (sources.length <= streams.size) await new Promise((resolve) => setImmediate(resolve));
    sources.at(-1)?.give(1);
    streams.set(subject, await opening);
  }
  await clock.advance(60_000);
  await command("deny", kind, value, "--why", "abuse");
  await clock.advance(READ_MS + CHECK_MS);
  for (const subject of denied) {
    await streams.get(subject)?.ended;
    expect(streams.get(subject)?.text()).toContain('"code":"permission_denied"');
    expect(streams.get(subject)?.text()).toContain(REASON);
    expect((await follow(subject)).status).toBe(403);
  }
  expect(responses.filter(({ stream }) => stream?.end === "denied")).toHaveLength(denied.length);
  for (const subject of others) expect(streams.get(subject)?.text()).not.toContain("denied");
  expect(sources.map(({ cancelled }) => cancelled)).toEqual(["ada", "bea"].map((subject) => denied.includes(subject)));
});
