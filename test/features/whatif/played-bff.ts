// BFFs of simulations, generated below the repository and imported.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { CodeGeneratorRequest } from "@bufbuild/protobuf/wkt";
import type { PlayModule } from "@protobff/replay/whatif";
import { type Compilation, compile } from "../../../plugin/src/compile.ts";
import type { PlanEdit, SettingReport } from "../../../plugin/src/plan/edits/edit-plan.ts";
import { messagesOf } from "../../support/messages.ts";
import { requestFor } from "../../support/request.ts";

const generated = fileURLToPath(new URL("../../.generated", import.meta.url));
let count = 0;

/** A BFF of one file, and the settings of its plan. */
export interface PlayedBff {
  readonly module: PlayModule;
  readonly settings: readonly SettingReport[];
}

/** Compiles protos with changes. */
export function compiledPlay(request: CodeGeneratorRequest, edits: readonly PlanEdit[]): Compilation {
  return compile(
    { ...request, parameter: "import_extension=ts,mock=true" },
    () => undefined,
    undefined,
    undefined,
    edits,
  );
}

/** Generates and imports a BFF whose only file with services is `web.proto`. Throws the errors that the plugin reports. */
export async function playedBff(
  protos: Readonly<Record<string, string>>,
  edits: readonly PlanEdit[] = [],
): Promise<PlayedBff> {
  const request = requestFor(protos, ["web.proto"]);
  const { response, settings } = compiledPlay(request, edits);
  if (response.error !== "") throw new Error(response.error);
  const folder = join(generated, `whatif-${process.pid}-${count++}`);
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const messages = Object.entries(messagesOf(request)).map(([name, content]) => ({ name, content }));
  for (const { name, content } of [...messages, ...response.file]) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return { module: await import(pathToFileURL(join(folder, "web_play.ts")).href), settings };
}

/** Protos of a BFF that calls `count` upstreams at once, or an rpc of one of `upstreams` for each call. */
export function fanOut(count: number, policy = "", upstreams = count): Readonly<Record<string, string>> {
  const numbers = Array.from({ length: count }, (_, i) => i);
  const services = Array.from(
    { length: upstreams },
    (_, i) => `service Up${i} { rpc Get(GetRequest) returns (Part) { option idempotency_level = NO_SIDE_EFFECTS; } }`,
  );
  const steps = numbers.map(
    (i) =>
      `{ name: "part${i}" call: { method: "up.v1.Up${i % upstreams}/Get" set: { name: "id" by: "args.id + '${i}'" } } }`,
  );
  return {
    "up.proto": `syntax = "proto3";
      package up.v1;
      message GetRequest { string id = 1; }
      message Part { string text = 1; }
      ${services.join("\n")}`,
    "web.proto": `syntax = "proto3";
      package web.v1;
      import "bff/v1/options.proto";
      import "up.proto";
      option (bff.v1.file) = { upstream: { timeout: "30s" limit: { concurrent: 1000 } ${policy} } };
      message PageRequest { string id = 1; }
      message Page {
        option (bff.v1.message) = { let: [ ${steps.join(",\n")} ] };
        ${numbers.map((i) => `string text${i} = ${i + 1} [(bff.v1.field).by = "part${i}.text"];`).join("\n")}
      }
      service Web {
        option (bff.v1.service) = {};
        rpc GetPage(PageRequest) returns (Page) {
          option idempotency_level = NO_SIDE_EFFECTS;
          option (bff.v1.method) = { timeout: "40s" };
        }
      }`,
  };
}
