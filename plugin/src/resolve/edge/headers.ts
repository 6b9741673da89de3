import { type CelType, type Expression, typeName } from "../../cel/index.ts";
import { distinctReport } from "../../diagnostic/distinct.ts";
import type { Text } from "../../diagnostic/origin.ts";
import type { IrMethod } from "../../ir/ir.ts";
import type { IrBind } from "../../ir/step.ts";
import type { AnswerHeader, AnswerHeaders } from "../model/model.ts";
import { envOfLet } from "../packages/env.ts";
import { packageContext } from "../packages/package-context.ts";
import { callersOf } from "../packages/principal.ts";
import { type Around, bareStep, messageVariable, requestScope, withResult } from "../packages/request-scope.ts";
import { check, checkCondition, type MessageScope, where } from "../scope/scope.ts";
import type { Run } from "../steps/context.ts";
import { checkNames, type NameRules } from "./check-names.ts";

/** Returns the headers of the answers of every RPC that declares any. A header with a fault is left out. */
export function resolveHeaders(run: Run): ReadonlyMap<IrMethod, AnswerHeaders> {
  const found = new Map<IrMethod, AnswerHeaders>();
  const report = distinctReport(run.report);
  for (const file of run.ir.files)
    for (const service of file.services)
      for (const method of service.methods) {
        if (method.headers.length === 0) continue;
        const context = packageContext(run, file.desc.proto.package);
        const around = { run, file, service, method, context, report };
        const headers = method.headers.flatMap((header) => resolveHeader(around, header) ?? []);
        if (headers.length > 0) found.set(method, blockOf(around, headers));
      }
  return found;
}

/** Returns a block, so that every walk over all expressions visits these. */
function blockOf({ run, file, service, method }: Around, headers: readonly AnswerHeader[]): AnswerHeaders {
  return {
    kind: "headers",
    ir: service,
    file,
    desc: service.desc,
    rpc: method,
    headers,
    callers: callersOf(run, method),
    args: { message: method.desc.input, variable: messageVariable("args", "args", method.desc.input), members: [] },
    shared: [],
    env: headers.flatMap(({ env }) => env),
    steps: headers.map(({ ir, by, if: condition }) => bareStep(ir.at, by, condition)),
    targets: [],
  };
}

function resolveHeader(around: Around, ir: IrBind): AnswerHeader | undefined {
  // A missing part was reported when it was read.
  const { name, by: text, if: ifText } = ir;
  if (name === undefined || text === undefined) return undefined;
  const { scope, env } = scopeOf(around);
  const named = [text, ...(ifText === undefined ? [] : [ifText])].map((text) =>
    checkNames(around, scope, text, "BFF292", namesOf(around)),
  );
  if (named.includes(false)) return undefined;
  const condition = ifText && checkCondition(scope, ifText, "this `if`");
  const by = checkText(where(scope, condition), text);
  if (by === undefined || (ifText !== undefined && condition === undefined)) return undefined;
  return { ir, name: name.value, by, if: condition, env };
}

const namesOf = ({ method }: Around): NameRules => ({
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
  scope.report({
    code: "BFF293",
    severity: "error",
    message: `this header is ${typeName(by.type)}, not string`,
    at: text.at,
    hint: hintFor(by.type),
  });
  return undefined;
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

/** The names that `settle` of a limit reads. Reads of unset fields have their defaults, as in messages. */
function scopeOf(around: Around) {
  const { run, service, file, context } = around;
  const env = envOfLet(run, service, file, context, () => {});
  const scope = requestScope(around, { env, args: true, strict: undefined });
  return { scope: withResult(scope, around.method), env: env.variables };
}
