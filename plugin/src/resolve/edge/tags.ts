import type { Text } from "../../diagnostic/diagnostic.ts";
import type { IrMethod } from "../../ir/ir.ts";
import { tagExpressions } from "../model/blocks.ts";
import type { AnswerTag, AnswerTags } from "../model/model.ts";
import { followOf } from "../packages/followed-key.ts";
import {
  bareStep,
  type RpcContext,
  requestScope,
  resolveEachRpc,
  rpcBlock,
  withResult,
} from "../packages/rpc-context.ts";
import { holeOf, liveHoleOf, tagOf } from "../policies/tags.ts";
import type { MessageScope } from "../scope/scope.ts";
import type { Run } from "../steps/context.ts";
import { checkNames, type NameRules } from "./check-names.ts";

/** Returns the tags of the cached or live answers of every RPC that declares any. A tag with a fault is left out. */
export function resolveAnswerTags(run: Run): ReadonlyMap<IrMethod, AnswerTags> {
  return resolveEachRpc(run, (rpc) => {
    const { cache, live } = rpc.method;
    const texts = live?.on ?? cache?.tags ?? [];
    const declared = live?.follows ?? [];
    if (texts.length === 0 && declared.length === 0) return undefined;
    const { scope, env } = requestScope(rpc, { env: "service", args: true });
    const answered = withResult(scope, rpc.method);
    const hole = live === undefined ? holeOf : liveHoleOf;
    const tags = texts.flatMap((text) => resolveTag(rpc, answered, text, hole) ?? []);
    const follows = declared.flatMap((follow) => followOf(rpc, scope, follow) ?? []);
    if (tags.length === 0 && follows.length === 0) return undefined;
    const steps = [...tagExpressions({ tags }), ...follows.map(({ key }) => key)].map((by) => bareStep(by.text.at, by));
    return { ...rpcBlock(rpc), kind: "tags", tags, follows, env, steps };
  });
}

function resolveTag(rpc: RpcContext, scope: MessageScope, text: Text, hole: typeof holeOf): AnswerTag | undefined {
  return tagOf(text, (part) => (checkNames(rpc, scope, part, "BFF811", NAMES) ? hole(scope, part) : undefined));
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
