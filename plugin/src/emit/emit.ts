import type { GeneratedFile, Schema } from "@bufbuild/protoplugin";
import type { Parameter } from "../options/parameter.ts";
import type { PlanMessage } from "../plan/model/messages.ts";
import type { Plan, PlanFile } from "../plan/model/plan.ts";
import type { RpcPrediction } from "../report/faults/predictions.ts";
import { emitCodec } from "./codec/emit-codec.ts";
import { emitFile, isEmpty } from "./emit-file.ts";
import { emitFaults, emitFaultsTest, emitPlay } from "./mocks/emit-faults.ts";
import { emitMock } from "./mocks/emit-mock.ts";
import {
  bffPath,
  codecPath,
  embedPath,
  faultsPath,
  mainPath,
  mockPath,
  partsPath,
  planPath,
  playPath,
  rulesPath,
  toolsPath,
  usesPath,
} from "./names/file-names.ts";
import { emitRules } from "./rules/emit-rules.ts";
import { emitEmbedded } from "./server/emit-embedded.ts";
import { emitIdentity } from "./server/emit-identity.ts";
import { emitServer, emitServerMain } from "./server/emit-server.ts";
import { emitServerPlan } from "./server/emit-server-plan.ts";
import { emitTools } from "./server/emit-tools.ts";
import { emitUses, type UsesOf } from "./server/emit-uses.ts";

/** Walks the plan and prints it. Not one decision is left to take here. */
export function emit(
  plan: Plan,
  schema: Schema,
  options: Pick<Parameter, "mock" | "faults" | "embed" | "explorer" | "uses" | "importExtension"> & {
    readonly plays?: boolean;
  },
  predictionsOf: (file: PlanFile) => readonly RpcPrediction[],
  usesOf: UsesOf | undefined,
): void {
  const messages = new Map(
    plan.messages.map((message): [string, PlanMessage] => [message.composed.desc.typeName, message]),
  );
  const readers = new Set<PlanFile>();
  for (const file of plan.files) {
    if (!isEmpty(file)) {
      const f = schema.generateFile(`${bffPath(file.desc)}.ts`);
      if (emitFile(file, f, (name) => messages.get(name), plan).readsPeer) readers.add(file);
    }
    if (file.parts.length > 0) emitPartNames(file, schema.generateFile(`${partsPath(file.desc)}.ts`));
    if (file.rules !== undefined) emitRules(file, file.rules, schema.generateFile(`${rulesPath(file.desc)}.ts`));
    if (file.codec !== undefined) emitCodec(file, file.codec, schema.generateFile(`${codecPath(file.desc)}.ts`));
    if (options.mock && file.services.length > 0)
      emitMock(file, plan, schema.generateFile(`${mockPath(file.desc)}.ts`));
    if (options.faults !== undefined && file.services.length > 0) {
      emitFaults(file, predictionsOf(file), schema.generateFile(`${faultsPath(file.desc)}.ts`));
      emitFaultsTest(file, options.faults, schema.generateFile(`${faultsPath(file.desc)}.test.ts`));
    }
    if (options.plays === true && file.services.length > 0)
      emitPlay(file, predictionsOf(file), schema.generateFile(`${playPath(file.desc)}.ts`));
  }
  for (const server of plan.servers) {
    const { identity } = server;
    if (identity !== undefined) emitIdentity(identity, server, schema.generateFile(`${identity.path}.ts`), plan);
  }
  for (const server of plan.servers) {
    if (!server.written) continue;
    emitServer(server, schema.generateFile(`${server.path}.ts`), options);
    emitServerMain(server, schema.generateFile(`${mainPath(server)}.ts`), options);
    if (options.embed) {
      const others = plan.files.filter(({ services }) => services.length === 0);
      const readsPeer = [...server.files, ...others].some((file) => readers.has(file));
      emitEmbedded(server, schema.generateFile(`${embedPath(server)}.ts`), options, readsPeer);
    }
    if (server.tools.length > 0) emitTools(server, schema.generateFile(`${toolsPath(server)}.ts`), plan);
    if (usesOf !== undefined) emitUses(server, usesOf, schema.generateFile(`${usesPath(server)}.ts`));
    if (options.explorer) emitServerPlan(server, messages, schema.generateFile(`${planPath(server)}.ts`));
  }
}

// Part names for clients: the fields of a response that may come later.

/** Imports nothing, so that it can be taken into a browser. */
function emitPartNames({ desc, parts }: PlanFile, f: GeneratedFile): void {
  f.preamble(desc);
  for (const { name, message, paths } of parts) {
    f.print(
      "/** The fields of ",
      message.typeName,
      " that may come later, as `parts` names them when they have arrived. */",
    );
    f.print("export const ", name, " = [", paths.map((path) => JSON.stringify(path)).join(", "), "] as const;");
    f.print();
  }
}
