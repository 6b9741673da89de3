// Captures contain no sensitive value, wherever it comes from: an answer, a cache, the fetch of another request, a field
// with `reveal`.
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as later } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../../../cli/src/testing/run.ts";
import { GeneratedProject } from "../../support/generated-project.ts";

const BANK = `syntax = "proto3";
package bank.v1;
service CardService { rpc GetCard(GetCardRequest) returns (Card) { option idempotency_level = NO_SIDE_EFFECTS; } }
message GetCardRequest { string id = 1; }
message Card { string id = 1; string number = 2 [debug_redact = true]; }
`;
const APP = `syntax = "proto3";
package app.v1;
import "bff/v1/options.proto";
service CardService {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc GetCached(GetPageRequest) returns (Page) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method).cache = { ttl: "60s" };
  }
}
message GetPageRequest { string id = 1; }
message Page {
  option (bff.v1.message).let = {
    name: "card" call: { method: "bank.v1.CardService/GetCard" set: { name: "id" by: "args.id" } cache: { ttl: "60s" } }
  };
  string id = 1 [(bff.v1.field).by = "card.id"];
  string number = 2 [(bff.v1.field) = { by: "card.number" reveal: "the owner pays" }];
  string marked = 3 [(bff.v1.field).by = "card.number", debug_redact = true];
}
`;
const project = new GeneratedProject("captured-secrets", { "app/v1/app.proto": APP }, { "bank/v1/bank.proto": BANK });
beforeAll(() => project.generate());
afterAll(() => project.remove());

test("no capture has a sensitive value, and requests whose answers lack one in the replay are not comparable", async () => {
  const folder = join(project.folder, "captures");
  mkdirSync(folder);
  const SECRET = "4929 1234 5678 9012";
  const getCard = async ({ id }: { id: string }) => {
    await later(100); // so that requests share a fetch
    return { id, number: SECRET };
  };
  const { post, stop } = await project.served(
    "app/v1/server.ts",
    { "bank.v1.CardService/GetCard": getCard as never },
    { BFF_CAPTURE: `all;dir=${folder}` },
  );
  const page = { id: "a", number: SECRET, marked: SECRET };
  for (const rpc of ["GetPage", "GetCached"])
    for (let round = 0; round < 2; round++) {
      const all = await Promise.all([1, 2, 3].map(() => post(`app.v1.CardService/${rpc}`, { id: "a" })));
      expect(all.map(({ body }) => body)).toEqual([page, page, page]);
    }
  expect(await stop()).toBe(0);
  const [file = ""] = readdirSync(folder);
  const text = readFileSync(join(folder, file), "latin1");
  expect(text).toContain("GetPage");
  expect(text).not.toContain(SECRET);
  const args = ["replay", join(folder, file), "--server", join(project.folder, "app/v1/server.ts")];
  const { exitCode, stdout } = await run(args, project.folder);
  expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/of 12 requests have .*, and \d+ are not comparable/)]);
});
