// Calls of googleapis' own rpcs by their own rules: what HttpJsonClient sends, our server of REST paths reads, and the other way round.
// Holds docs/runtime.md#upstreams-over-httpjson
import { create, type JsonValue, type Message, toBinary, toJson } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Fault } from "../../../runtime/src/failure.ts";
import { HttpJsonClient } from "../../../runtime/src/transport/http-json/http-json-client.ts";
import { frame } from "../../../runtime/src/wire/frame.ts";
import { numbers, randomMessage } from "../../support/random-message.ts";
import { googleapis } from "./googleapis.ts";
import { rulesOf, type Served, serveAll, unaryOf } from "./rest-server.ts";

const registry = googleapis();
const rpcs = unaryOf(registry).flatMap((rpc) => {
  try {
    const [rule] = rulesOf(rpc);
    return rule === undefined ? [] : [{ rpc, rule }];
  } catch {
    return []; // without a rule
  }
});
const rules = rpcs.map(({ rpc, rule }) => ({ rpc, ...rule }));

let served: Served;
let client: HttpJsonClient;
beforeAll(async () => {
  served = await serveAll(registry);
  client = new HttpJsonClient(served.server.url, { rules });
});
afterAll(async () => {
  await client.close();
  await served.server.close(0);
});

function send(rpc: (typeof rpcs)[number]["rpc"], request: Message): Promise<Uint8Array | Fault> {
  return new Promise((resolve) => {
    client.send(`/${rpc.parent.typeName}/${rpc.name}`, frame(toBinary(rpc.input, request)), 10_000, undefined, 1, {
      replied: resolve,
      faulted: resolve,
    });
  });
}

/** What the path holds fits its template; presence that a query cannot tell is none. */
function fitting({ rpc, rule }: (typeof rpcs)[number], random: (below: number) => number): Message {
  const message = randomMessage(rpc.input, random);
  for (const { field, from, to } of rule.variables ?? []) {
    const names = field.split(".");
    let at = reflect(rpc.input, message);
    for (const [i, name] of names.entries()) {
      const found = at.fields.find((field) => field.name === name);
      if (found?.fieldKind === "message") {
        if (!at.isSet(found)) at.set(found, reflect(found.message));
        at = at.get(found);
      } else if (found !== undefined && i === names.length - 1) {
        const words = ["a", "ä/ö?", "x:y", "%2F", "a b+c", "~.-_", "...", "é€#"].map((word) =>
          to - from === 1 && rule.segments[from] === "*" ? word : word.replace("/", "").replace("%2F", "%2"),
        );
        const segments = rule.segments
          .slice(from, to)
          .map((segment) => (segment === "*" || segment === "**" ? words[random(words.length)] : segment));
        at.set(found, segments.join("/"));
      }
    }
  }
  return message;
}

describe("every rpc", () => {
  test.each(rpcs.map((route) => [`${route.rpc.parent.name}/${route.rpc.name}`, route] as const))(
    "%s",
    async (_, route) => {
      const { rpc, rule } = route;
      const random = numbers(rpc.name.length * 7919 + rpc.parent.name.length);
      for (let i = 0; i < 20; i++) {
        const request = fitting(route, random);
        served.answer = randomMessage(rpc.output, random);
        const before = toJson(rpc.input, request, { registry });
        const reply = await send(rpc, request);
        if (!(reply instanceof Uint8Array)) throw new Error(`${reply.message}: ${JSON.stringify(before)}`);
        expect(served.last?.method).toBe(rpc);
        const got = toJson(rpc.input, served.last?.request ?? create(rpc.input), { registry });
        // A query cannot tell a message without fields from one that is not there.
        expect(rule.body === undefined ? withoutEmpty(got) : got).toEqual(
          rule.body === undefined ? withoutEmpty(before) : before,
        );
        if (rule.responseBody === undefined)
          expect(Buffer.from(reply)).toEqual(Buffer.from(toBinary(rpc.output, served.answer)));
      }
    },
  );
});

function withoutEmpty(json: JsonValue): JsonValue {
  if (typeof json !== "object" || json === null || Array.isArray(json)) return json;
  const all = Object.entries(json).map(([name, value]) => [name, withoutEmpty(value)] as const);
  return Object.fromEntries(all.filter(([, value]) => typeof value !== "object" || JSON.stringify(value) !== "{}"));
}
