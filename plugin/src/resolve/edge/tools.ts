import type { DescMethod } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as Level } from "@bufbuild/protobuf/wkt";
import { fault, type Report } from "../../diagnostic/diagnostic.ts";
import type { IrMethod, IrService } from "../../ir/ir.ts";
import type { IrBind } from "../../ir/step.ts";
import type { FieldBinding } from "../../model/conversion.ts";
import { pathName } from "../../model/path-name.ts";
import { commentOf } from "../../text/comment.ts";
import { fieldPath } from "../conversions/bind.ts";
import type { HiddenField, Tool } from "../model/model.ts";
import { publicAt } from "../packages/principal.ts";
import {
  bareStep,
  messageVariable,
  type RpcContext,
  requestScope,
  rpcBlock,
  rpcContexts,
} from "../packages/rpc-context.ts";
import type { MessageScope } from "../scope/scope.ts";
import type { Run } from "../steps/context.ts";
import { resolveSet } from "../steps/set.ts";
import { checkNames, type NameRules } from "./check-names.ts";
import { fittingRpcs } from "./fitting-rpcs.ts";

const DEFAULT_MAX_BYTES = 65_536;
const DEFAULT_WAIT_MS = 50_000;
const MAX_NAME_CHARACTERS = 64;

/** Returns the tool of every RPC that is one. A hidden field with a fault is left out. */
export function resolveTools(run: Run): ReadonlyMap<IrMethod, Tool> {
  const rpcs = rpcContexts(run).filter(isTool);
  for (const service of run.ir.files.flatMap(({ services }) => services)) {
    const ofService = rpcs.filter((rpc) => rpc.service === service);
    checkService(service, ofService, run.report);
  }
  return new Map(rpcs.map((rpc) => [rpc.method, toolOf(rpc)]));
}

/** The tool of a service is for RPCs that only read, for callers that are known. */
function isTool({ run, service, method }: RpcContext): boolean {
  if (method.tool !== undefined) return method.tool.off === undefined;
  const { desc } = method;
  const reads = desc.methodKind === "unary" && desc.idempotency === Level.NO_SIDE_EFFECTS;
  return service.tool !== undefined && reads && publicAt(run, method) === undefined;
}

/** Reports a `tool` of a service without tools, and its hidden fields that no request has. */
function checkService({ tool, desc }: IrService, all: readonly RpcContext[], report: Report): undefined {
  if (tool === undefined) return;
  if (all.length === 0)
    return fault(report, "BFF227", tool.at, {
      message: `no rpc of "${desc.name}" is a tool: none is unary, declared NO_SIDE_EFFECTS and not public`,
      hint: "add `option idempotency_level = NO_SIDE_EFFECTS;` to rpcs that only read, or leave out `tool`",
    });
  for (const { name } of tool.hidden) {
    if (name === undefined) continue;
    const { found, faults } = fittingRpcs(
      all,
      () => true,
      ({ method, report }) => fieldPath(method.desc.input, name, report),
    );
    if (found.size === 0) for (const found of faults[0] ?? []) report(found);
  }
}

function toolOf(rpc: RpcContext): Tool {
  const { service, method } = rpc;
  const { desc, live, tool: declared } = method;
  const shared = service.tool;
  const hidden = hiddenOf(rpc);
  const { name, at } = nameOf(rpc);
  return {
    ...rpcBlock(rpc),
    kind: "tool",
    at: declared?.at ?? shared?.at ?? method.at,
    name,
    nameAt: at,
    description: (declared?.description?.value ?? commentOf(desc))?.trim() || undefined,
    group: (declared?.group ?? shared?.group)?.value,
    confirm: declared?.confirm?.value ?? false,
    maxBytes: (declared?.maxBytes ?? shared?.maxBytes)?.value ?? DEFAULT_MAX_BYTES,
    waitMs: desc.methodKind === "unary" || live !== undefined ? undefined : (declared?.wait?.value ?? DEFAULT_WAIT_MS),
    hidden,
    env: scopeOf(rpc).env,
    steps: hidden.flatMap(({ ir, bound }) => (bound === undefined ? [] : [bareStep(ir.at, bound.expression)])),
  };
}

function nameOf({ method, report }: RpcContext): Pick<Tool, "name"> & { readonly at: Tool["nameAt"] } {
  const declared = method.tool?.name;
  if (declared !== undefined) return { name: declared.value, at: declared.at };
  const name = snakeCase(method.desc.name);
  if (name.length > MAX_NAME_CHARACTERS)
    fault(report, "BFF181", method.at, {
      message: `"${name}" is not a valid name of a tool`,
      hint: `declare a shorter one, as in \`tool: { name: "${name.slice(0, MAX_NAME_CHARACTERS)}" }\``,
    });
  return { name, at: method.at };
}

/** `GetURLOfItem` → `get_url_of_item` */
const snakeCase = (name: string): string =>
  name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .toLowerCase();

/** Returns the fields of the service that the request has, under those of the RPC itself. */
function hiddenOf(rpc: RpcContext): readonly HiddenField[] {
  const { service, method, report } = rpc;
  const ofRpc = method.tool?.hidden ?? [];
  const names = new Set(ofRpc.map(({ name }) => name?.value));
  const shared = (service.tool?.hidden ?? []).filter(
    ({ name }) => name !== undefined && !names.has(name.value) && fieldPath(method.desc.input, name, () => {}),
  );
  const all = [...shared, ...ofRpc];
  const set = new Map(bindingsOf(rpc, all).map((binding) => [pathName(binding.path), binding.bound]));
  const found = all.flatMap((ir): readonly HiddenField[] => {
    // A path with a `by` has been reported with it.
    const path = ir.name && fieldPath(method.desc.input, ir.name, ir.by === undefined ? report : () => {});
    if (path === undefined) return [];
    const bound = set.get(pathName(path));
    return ir.by !== undefined && bound === undefined ? [] : [{ ir, path, bound }];
  });
  return [...found, ...besides(found)];
}

/** Returns the other members of oneofs in which a member is set: clients cannot choose them. */
function besides(hidden: readonly HiddenField[]): readonly HiddenField[] {
  const known = new Set(hidden.map(({ path }) => pathName(path)));
  return hidden.flatMap(({ ir, path, bound }) =>
    bound === undefined
      ? []
      : (path.at(-1)?.oneof?.fields ?? [])
          .map((field): HiddenField => ({ ir, path: [...path.slice(0, -1), field], bound: undefined }))
          .filter((other) => !known.has(pathName(other.path))),
  );
}

function bindingsOf(rpc: RpcContext, all: readonly IrBind[]): readonly FieldBinding[] {
  const { run, method } = rpc;
  const { scope } = scopeOf(rpc);
  const valued = all.filter(({ by }) => by !== undefined && checkNames(rpc, scope, by, "BFF209", NAMES));
  const args = { message: undefined, variable: messageVariable("args", "args", method.desc.input), members: [] };
  const cx = { run, scope, args, offered: [], ir: undefined };
  return resolveSet(cx, { set: valued, batch: undefined }, method.desc.input, []).filter((binding) =>
    isPresent(binding, method.desc, scope),
  );
}

/** Reports a value that anonymous callers lack: their requests would read as if the field were not restricted. */
function isPresent({ bound: { expression } }: FieldBinding, { name }: DescMethod, { report }: MessageScope): boolean {
  if (expression.unsafe.length === 0) return true;
  fault(report, "BFF209", expression.text.at, {
    message: `\`principal\` is absent for anonymous callers of "${name}", which is public`,
    hint: `write a value for them, as in \`ok(principal) ? ${expression.text.value} : …\``,
  });
  return false;
}

const NAMES: NameRules = {
  principal: {
    message: "a hidden field by `principal` needs an identity, and this package has none",
    hint: "add `identity` to the file rule of this package, or read `env`",
  },
  other(names) {
    const other = ["args", "headers", "peer", "now"].find((name) => names.has(name));
    if (other === undefined) return undefined;
    return { message: `a hidden field cannot read \`${other}\``, hint: "read `principal` or `env`" };
  },
  step: (name) => ({
    message: `a hidden field cannot read step "${name}": it is set before the rpc begins`,
    hint: "read `principal` or `env`",
  }),
};

/** Functions of the user are out of scope: hidden fields are set outside of the app that has them. */
function scopeOf(rpc: RpcContext) {
  const { scope, env } = requestScope(rpc, { env: "service", args: false });
  const builtins = new Map([...scope.builtins].filter(([name]) => name === "principal" || name === "env"));
  return { scope: { ...scope, builtins, functions: [] }, env };
}
