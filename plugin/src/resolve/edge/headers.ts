import { type CelType, type Expression, typeName } from "../../cel/index.ts";
import { fault, type Text } from "../../diagnostic/diagnostic.ts";
import type { IrMethod } from "../../ir/ir.ts";
import type { IrBind } from "../../ir/step.ts";
import type { AnswerHeader, AnswerHeaders } from "../model/model.ts";
import {
  bareStep,
  type RpcContext,
  requestScope,
  resolveEachRpc,
  rpcBlock,
  withResult,
} from "../packages/rpc-context.ts";
import { check, checkCondition, type MessageScope, where } from "../scope/scope.ts";
import type { Run } from "../steps/context.ts";
import { checkNames, type NameRules } from "./check-names.ts";

/** Returns the headers of the answers of every RPC that declares any. A header with a fault is left out. */
export function resolveHeaders(run: Run): ReadonlyMap<IrMethod, AnswerHeaders> {
  return resolveEachRpc(run, (rpc) => {
    const headers = rpc.method.headers.flatMap((header) => resolveHeader(rpc, header) ?? []);
    if (headers.length === 0) return undefined;
    const steps = headers.map(({ ir, by, if: condition }) => bareStep(ir.at, by, condition));
    return { ...rpcBlock(rpc), kind: "headers", headers, env: headers.flatMap(({ env }) => env), steps };
  });
}

function resolveHeader(rpc: RpcContext, ir: IrBind): AnswerHeader | undefined {
  // A missing part was reported when it was read.
  const { name, by: text, if: ifText } = ir;
  if (name === undefined || text === undefined) return undefined;
  // The names that `settle` of a limit reads. Reads of unset fields have their defaults, as in messages.
  const { scope: ofRequest, env } = requestScope(rpc, { env: "service", args: true });
  const scope = withResult(ofRequest, rpc.method);
  const named = [text, ...(ifText === undefined ? [] : [ifText])].map((text) =>
    checkNames(rpc, scope, text, "BFF292", namesOf(rpc)),
  );
  if (named.includes(false)) return undefined;
  const condition = ifText && checkCondition(scope, ifText, "this `if`");
  const by = checkText(where(scope, condition), text);
  if (by === undefined || (ifText !== undefined && condition === undefined)) return undefined;
  return { ir, name: name.value, by, if: condition, env };
}

const namesOf = ({ method }: RpcContext): NameRules => ({
  principal: {
    message: "a header by `principal` needs an identity, and this package has none",
    hint: "add `identity` to the file rule of this package, or leave out the header",
  },
  other: (names) =>
    names.has("result") && method.desc.methodKind !== "unary"
      ? {
          message: "a header of a stream cannot read `result`: headers are sent before the first message",
          hint: "read `args`, `principal`, `peer`, `headers`, `env` or `now`, or add a field to the response",
        }
      : undefined,
  step: (name) => ({
    message: `a header cannot read step "${name}"`,
    hint: "read `args`, `result`, `principal`, `peer`, `headers`, `env` or `now`",
  }),
});

function checkText(scope: MessageScope, text: Text): Expression | undefined {
  const by = check(scope, text);
  if (by === undefined || by.type.kind === "string") return by;
  return fault(scope.report, "BFF293", text.at, {
    message: `this header is ${typeName(by.type)}, not string`,
    hint: hintFor(by.type),
  });
}

function hintFor({ kind }: CelType): string {
  const hints: Readonly<Record<string, string>> = {
    optional: 'write a text for the unset case, as in `.orValue("")`: an empty header is left out',
    list: 'write text, as in `.join(", ")`',
    message: "name a field of it",
    bytes: "write text, as in `base64.encode(…)`",
  };
  return hints[kind] ?? "write text, as in `string(…)`";
}
