import { distinctReport } from "../../diagnostic/distinct.ts";
import type { Text } from "../../diagnostic/origin.ts";
import type { IrMethod } from "../../ir/ir.ts";
import type { AnswerTag, AnswerTags } from "../model/model.ts";
import { tagExpressions } from "../model/source-parts.ts";
import { envOfLet } from "../packages/env.ts";
import { packageContext } from "../packages/package-context.ts";
import { callersOf } from "../packages/principal.ts";
import { type Around, bareStep, messageVariable, requestScope, withResult } from "../packages/request-scope.ts";
import { holeOf, tagOf } from "../policies/tags.ts";
import type { Run } from "../steps/context.ts";
import { checkNames, type NameRules } from "./check-names.ts";

/** Returns the tags of the cached answers of every RPC that declares any. A tag with a fault is left out. */
export function resolveAnswerTags(run: Run): ReadonlyMap<IrMethod, AnswerTags> {
  const found = new Map<IrMethod, AnswerTags>();
  const report = distinctReport(run.report);
  for (const file of run.ir.files)
    for (const service of file.services)
      for (const method of service.methods) {
        const texts = method.cache?.tags ?? [];
        if (texts.length === 0) continue;
        const around = { run, file, service, method, context: packageContext(run, file.desc.proto.package), report };
        const tags = texts.flatMap((text) => resolveTag(around, text) ?? []);
        if (tags.length > 0) found.set(method, blockOf(around, tags));
      }
  return found;
}

/** Returns a block, so that every walk over all expressions visits these. */
function blockOf(around: Around, tags: readonly AnswerTag[]): AnswerTags {
  const { run, file, service, method } = around;
  return {
    kind: "tags",
    ir: service,
    file,
    desc: service.desc,
    rpc: method,
    tags,
    callers: callersOf(run, method),
    args: { message: method.desc.input, variable: messageVariable("args", "args", method.desc.input), members: [] },
    shared: [],
    env: envOf(around).variables,
    steps: tagExpressions({ tags }).map((by) => bareStep(by.text.at, by)),
    targets: [],
  };
}
const envOf = ({ run, service, file, context }: Around) => envOfLet(run, service, file, context, () => {});

function resolveTag(around: Around, text: Text): AnswerTag | undefined {
  const scope = withResult(requestScope(around, { env: envOf(around), args: true, strict: undefined }), around.method);
  return tagOf(text, (part) => (checkNames(around, scope, part, "BFF811", NAMES) ? holeOf(scope, part) : undefined));
}

const NAMES: NameRules = {
  principal: {
    message: "a tag by `principal` needs an identity, and this package has none",
    hint: "add `identity` to the file rule of this package, or leave out the hole",
  },
  other: (names) => {
    const other = ["now", "peer"].find((name) => names.has(name));
    return other === undefined ? undefined : { message: `a tag cannot read \`${other}\``, hint: READABLE };
  },
  step: (name) => ({ message: `a tag of an rpc cannot read step "${name}"`, hint: READABLE }),
};
const READABLE = "read `args`, `result`, `principal`, `headers` or `env`";
