import type { Text } from "../../diagnostic/diagnostic.ts";
import type { IrMethod } from "../../ir/ir.ts";
import { tagExpressions } from "../model/blocks.ts";
import type { AnswerTag, AnswerTags } from "../model/model.ts";
import {
  bareStep,
  type RpcContext,
  requestScope,
  resolveEachRpc,
  rpcBlock,
  withResult,
} from "../packages/rpc-context.ts";
import { holeOf, tagOf } from "../policies/tags.ts";
import type { MessageScope } from "../scope/scope.ts";
import type { Run } from "../steps/context.ts";
import { checkNames, type NameRules } from "./check-names.ts";

/** Returns the tags of the cached answers of every RPC that declares any. A tag with a fault is left out. */
export function resolveAnswerTags(run: Run): ReadonlyMap<IrMethod, AnswerTags> {
  return resolveEachRpc(run, (rpc) => {
    const texts = rpc.method.cache?.tags ?? [];
    if (texts.length === 0) return undefined;
    const { scope, env } = requestScope(rpc, { env: "service", args: true });
    const answered = withResult(scope, rpc.method);
    const tags = texts.flatMap((text) => resolveTag(rpc, answered, text) ?? []);
    if (tags.length === 0) return undefined;
    const steps = tagExpressions({ tags }).map((by) => bareStep(by.text.at, by));
    return { ...rpcBlock(rpc), kind: "tags", tags, env, steps };
  });
}

function resolveTag(rpc: RpcContext, scope: MessageScope, text: Text): AnswerTag | undefined {
  return tagOf(text, (part) => (checkNames(rpc, scope, part, "BFF811", NAMES) ? holeOf(scope, part) : undefined));
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
