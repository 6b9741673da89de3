// What resolving one message has at hand.
import type { Variable } from "../cel/index.ts";
import type { Report } from "../diagnostic/diagnostic.ts";
import type { Ir, IrFile, IrMessage, IrMethod, IrUpstream } from "../ir.ts";
import type { AliasTable } from "./aliases.ts";
import type { Place } from "./args.ts";
import type { Governing } from "./entries.ts";
import type { Args, EnvVar } from "./model.ts";
import { type MessageScope, withoutMessage } from "./scope.ts";

/** The default budget of an rpc, in milliseconds. */
export const DEFAULT_BUDGET_MS = 2_000;

export type Effects = "none" | "idempotent" | "once";

/** State of the whole run. */
export interface Run {
  readonly ir: Ir;
  readonly report: Report;
  /** What looks superfluous, as long as nothing is wrong. */
  readonly suspect: Report;
  readonly aliases: AliasTable;
  /** Every message of the files with rules, by type name. */
  readonly messages: ReadonlyMap<string, IrMessage>;
  readonly bffServices: ReadonlySet<string>;
  /** Places that compose each message, by type name; complete for a message once all its composers are resolved. */
  readonly places: Map<string, Place[]>;
  /** The arguments that each composed message reads, by type name. */
  readonly used: ReadonlyMap<string, ReadonlySet<string>>;
  /** The request fields that each composed message would fill from its arguments by `spread: "args"`, where they are given. */
  readonly welcome: ReadonlyMap<string, ReadonlySet<string>>;
  readonly packages: Map<string, PackageContext>;
}
export interface PackageContext {
  readonly governing: Governing;
  readonly env: readonly EnvVar[];
  readonly envVariable: Variable;
  readonly now: Variable;
  readonly entryScopes: Map<IrUpstream, MessageScope>;
}

export interface MessageContext {
  readonly run: Run;
  readonly ir: IrMessage;
  readonly file: IrFile;
  readonly scope: MessageScope;
  readonly args: Args;
  /** The names that every place gives, for `spread: "args"`. */
  readonly offered: readonly string[];
  readonly governing: Governing;
  readonly package: PackageContext;
  /** The rpcs whose responses this message is part of. */
  readonly roots: readonly IrMethod[];
}

/** The scope of an upstream entry's own expressions: `headers`, `env`, `now`. Each entry's faults are reported once. */
export function entryExpressions(cx: MessageContext, entry: IrUpstream | undefined): MessageScope {
  if (entry === undefined) return cx.scope;
  const known = cx.package.entryScopes.get(entry);
  if (known !== undefined) return known;
  const scope: MessageScope = { ...withoutMessage(cx.scope), broken: new Set(), brokenArgs: new Set() };
  cx.package.entryScopes.set(entry, scope);
  return scope;
}
