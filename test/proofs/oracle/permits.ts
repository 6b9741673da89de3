// Permits of an rpc, without decisions (language.md, Permits).
import type { DescMethod } from "@bufbuild/protobuf";
import type { Ir } from "../../../plugin/src/ir/ir.ts";
import type { Composition } from "./compose.ts";
import { statusOf } from "./guards.ts";
import type { Status } from "./response.ts";
import { noLocals } from "./result.ts";

const [PERMISSION_DENIED, UNAUTHENTICATED] = [7, 16];

/** Returns the status that refuses the caller; undefined: the caller is admitted. */
export function refusalOf(ir: Ir, rpc: DescMethod, at: Composition): Status | undefined {
  const services = ir.files.flatMap((file) => file.services);
  const service = services.find(({ desc }) => desc.typeName === rpc.parent.typeName);
  const permit = service?.methods.find(({ desc }) => desc.name === rpc.name)?.permit;
  const permits = [service?.permit, permit].flatMap((declared) => declared ?? []);
  const conditions = permits.filter((declared) => declared.public === undefined);
  if (permit?.public !== undefined || conditions.length === 0) return undefined;
  if (at.response.principal === undefined) return { code: UNAUTHENTICATED, message: undefined };
  for (const { if: condition, fail, sources, scopes, roles, steps } of conditions) {
    if ([...sources, ...scopes, ...roles, ...steps].length > 0)
      throw new Error("a permit that the oracle does not know");
    const result = condition && at.evaluate(condition.value);
    if (result === undefined || (result.state === "value" && result.value === true)) continue;
    const { code, ...status } = statusOf(at, fail, undefined, noLocals);
    return { ...status, code: fail?.code === undefined ? PERMISSION_DENIED : code };
  }
  return undefined;
}
