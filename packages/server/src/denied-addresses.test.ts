// Denied addresses at endpoints without an identity, by every protocol.
// Holds docs/runtime.md#api-keys
import { create, type Message } from "@bufbuild/protobuf";
import { StringValueSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { endpoint } from "@protobff/runtime/internal/endpoint/endpoint";
import { Denylist, GuardedIdentity, NO_CALLERS } from "@protobff/runtime/internal/identity/denylist/denylist";
import { Limits } from "@protobff/runtime/internal/limits/limits";
import { Counter } from "@protobff/runtime/internal/limits/rate-limit";
import type { AuditEvent } from "@protobff/runtime/internal/observer-requests";
import { FakeClock } from "@protobff/runtime/internal/testing/fake-clock";
import { describe, expect, test } from "vitest";
import { combinations } from "./testing/all-protocols.ts";
import { EchoService } from "./testing/test-echo.ts";

function served(early: boolean) {
  const list = new Denylist();
  const audited: AuditEvent[] = [];
  const observer = { audit: (event: AuditEvent) => void audited.push(event) };
  const limit = { name: "calls", package: "echo.v1", rate: 5, per: 60_000, burst: 5 };
  const counters = new Limits({ clock: new FakeClock(), fault: () => {} });
  const counter = new Counter(limit);
  const use = { of: "file", limit, counter, key: () => "all", cost: undefined };
  const bare = endpoint(EchoService.method.echo, undefined, {
    timeoutMs: 1_000,
    compose: async (_cx, { value }) => create(StringValueSchema, { value }) as Message as never,
    observer,
    ...(early && { limits: { counters, early: [use as never] } }),
  });
  const identity = new GuardedIdentity(NO_CALLERS, list);
  return { list, audited, guarded: bare.withGuard?.(identity) ?? bare };
}

describe.each(combinations.filter(({ server }) => !server.startsWith("a server")))(
  "$server, $protocol over HTTP/$over",
  ({ serve, transport }) => {
    test.each([false, true])("an address is refused, and is audited (with an early limit: %s)", async (early) => {
      const { list, audited, guarded } = served(early);
      const { url } = await serve(guarded);
      const { echo } = createClient(EchoService, transport(url, []));
      expect((await echo({ value: "a" })).value).toBe("a");
      list.replace([{ kind: "address", value: "127.0.0.1", until: undefined, why: "scans" }]);
      for (let i = 0; i < 3; i++)
        expect(ConnectError.from(await echo({ value: "b" }).catch((thrown: unknown) => thrown)).code).toBe(
          Code.PermissionDenied,
        );
      expect(audited.map(({ event, reason, address }) => [event, reason, address])).toEqual(
        Array(3).fill(["denied", "address is on the denylist: scans", "127.0.0.1"]),
      );
      list.replace([]);
      // Early limits precede the list, as they precede credentials: one of five units is left.
      expect((await echo({ value: "c" })).value).toBe("c");
      const third = await echo({ value: "d" }).catch((thrown: unknown) => ConnectError.from(thrown).code);
      expect(third).toEqual(early ? Code.ResourceExhausted : expect.objectContaining({ value: "d" }));
    });
  },
);
