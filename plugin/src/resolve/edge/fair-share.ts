import { type Expression, typeName } from "../../cel/index.ts";
import { fault, type Text } from "../../diagnostic/diagnostic.ts";
import type { IrFairShare } from "../../ir/edge.ts";
import type { IrMethod } from "../../ir/ir.ts";
import type { RequestShare } from "../model/model.ts";
import { bareStep, type RpcContext, requestScope, resolveEachRpc, rpcBlock } from "../packages/rpc-context.ts";
import { check, type MessageScope } from "../scope/scope.ts";
import type { Run } from "../steps/context.ts";
import { checkNames, type NameRules } from "./check-names.ts";

/** Resolves the fair share of every RPC in each package that declares one. A share with a fault is left out. */
export function resolveShares(run: Run): ReadonlyMap<IrMethod, RequestShare> {
  return resolveEachRpc(run, (rpc) => {
    const { governing } = rpc.context;
    const [share, other] = governing.fairShares;
    if (share !== undefined && other !== undefined)
      fault(rpc.report, "BFF526", other.at, {
        message: `"${governing.package}" has two \`fair_share\``,
        related: [{ at: share.at, message: "the other one" }],
        hint: "leave out one of them: it applies to all rpcs of the package",
      });
    return share && resolveShare(rpc, share);
  });
}

function resolveShare(rpc: RpcContext, share: IrFairShare): RequestShare | undefined {
  const { scope, env } = requestScope(rpc, { env: "package", args: false });
  const texts = [share.key, ...(share.weight === undefined ? [] : [share.weight])];
  if (texts.map((text) => checkNames(rpc, scope, text, "BFF527", NAMES)).includes(false)) return undefined;
  const key = checkKey(scope, share.key);
  const weight = share.weight && checkWeight(scope, share.weight);
  if (key === undefined || (share.weight !== undefined && weight === undefined)) return undefined;
  return {
    ...rpcBlock(rpc),
    kind: "share",
    share,
    key,
    weight,
    env,
    steps: [key, weight].flatMap((by) => (by === undefined ? [] : [bareStep(by.text.at, by)])),
  };
}

const READABLE = "read `principal`, `peer`, `headers` or `env`";
const NAMES: NameRules = {
  principal: {
    message: "a fair share by `principal` needs an identity, and this package has none",
    hint: "add `identity` to the file rule of this package, or share by a header that a proxy sets",
  },
  other(names) {
    const name = ["args", "result", "now"].find((candidate) => names.has(candidate));
    return name === undefined ? undefined : { message: `a fair share cannot read \`${name}\``, hint: READABLE };
  },
  step: (name) => ({ message: `a fair share cannot read step "${name}": nothing is composed yet`, hint: READABLE }),
};

const KEYS: ReadonlySet<string> = new Set(["string", "int", "uint", "bool"]);

function checkKey(scope: MessageScope, text: Text): Expression | undefined {
  const key = check(scope, text);
  if (key === undefined) return undefined;
  if (!KEYS.has(key.type.kind))
    return fault(scope.report, "BFF528", text.at, {
      message: `this \`key\` is ${typeName(key.type)}, not string, int, uint or bool`,
      hint:
        key.type.kind === "optional"
          ? 'write a value for the unset case, as in `.orValue("")`: requests without a key are one party'
          : "write text or a whole number that differs between callers",
    });
  if (key.reads.some(({ variable: { role } }) => role !== "env" && role !== "var")) return key;
  return fault(scope.report, "BFF529", text.at, {
    message: "this `key` is the same for all requests, so nothing is shared",
    hint: "read what differs between callers, such as `principal.tenant` or `peer.address`",
  });
}

function checkWeight(scope: MessageScope, text: Text): Expression | undefined {
  const weight = check(scope, text);
  if (weight === undefined || weight.type.kind === "double") return weight;
  const whole = weight.type.kind === "int" || weight.type.kind === "uint";
  return fault(scope.report, "BFF528", text.at, {
    message: `this \`weight\` is ${typeName(weight.type)}, not double`,
    hint: whole ? `write \`double(${text.value})\`` : "write a double, such as `1.0`",
  });
}
