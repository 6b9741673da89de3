// Reports in a CI run that the lock differs from the one that this run would write. It names the first such use and its
// place.
import type { Diagnostic, Origin } from "../diagnostic/diagnostic.ts";
import type { Model } from "../resolve/model/model.ts";
import { isOption, type Lock, type Locked, placeOfEntry, sorted } from "./document.ts";
import { type EdgeChange, placeOfEdge, type Section } from "./edge.ts";
import type { Exchange } from "./exchange.ts";
import type { Options } from "./options.ts";
import type { UsedElements } from "./used-elements.ts";

export interface LockRun {
  readonly model: Model;
  readonly used: UsedElements;
  readonly options: Options;
  readonly path: string;
  /** Text of the committed lock. */
  readonly text: string | undefined;
  readonly version: number;
}

/** A difference between the two locks. Undefined place: no option of this run contains it, only the lock. */
interface LockDifference {
  readonly text: string;
  readonly more: string;
  readonly at: Origin | undefined;
  readonly element: string;
}

/**
 * Returns the diagnostic for a lock that is not committed.
 *
 * @param edge entry that differs in the lock, if there is one
 */
export function uncommittedLock(
  run: LockRun,
  old: Lock | undefined,
  next: Lock,
  edge: EdgeChange | undefined,
): Diagnostic {
  const { path } = run;
  const hint = `run \`buf generate\` without CI=true, and commit "${path}"`;
  const shared = { severity: "error", hint } as const;
  const differences = old === undefined ? [] : differencesOf(run, old, next);
  const [first] = differences;
  if (old === undefined) {
    const message = `"${path}" does not exist, and with CI=true it is not written`;
    return { code: "BFF901", message, at: placeOfFirst(run), ...shared };
  }
  if (edge !== undefined) {
    const message = `"${path}" differs in ${EDGE[edge.section]} "${edge.name}"; with CI=true it is not written`;
    const at = placeOfEdge(run.model, edge) ?? placeOfEntry(run.text ?? "", path, edge.name);
    return { code: "BFF902", message, at, ...shared };
  }
  if (first === undefined && run.version === 1) {
    const message = `"${path}" has version 1, which lacks the fields that calls set and read; with CI=true it is not written`;
    return { code: "BFF902", message, at: placeOfEntry(run.text ?? "", path, "version"), ...shared };
  }
  if (first === undefined) {
    const message = `"${path}" has the same content in another format; with CI=true it is not written`;
    return { code: "BFF902", message, at: placeOfEntry(run.text ?? "", path, ""), ...shared };
  }
  const others = differences.filter(({ more }) => more === first.more).length - 1;
  const message = `"${path}" ${first.text}${others > 0 ? ` (${others} more ${first.more})` : ""}; with CI=true it is not written`;
  const at = first.at ?? placeOfEntry(run.text ?? "", path, first.element);
  return { code: "BFF902", message, at, ...shared };
}

/** @param files whose entries are stale, at least one */
export function staleEntries({ path, text = "" }: LockRun, files: readonly string[]): Diagnostic {
  const [first = "", ...others] = files;
  const more = others.length === 0 ? "" : `, and entries for ${others.length} more of these files`;
  return {
    code: "BFF924",
    severity: "error",
    at: placeOfEntry(text, path, first),
    message: `"${path}" has an entry for "${first}", which was deleted or renamed${more}; with CI=true it is not removed`,
    hint: `run \`buf generate\` without CI=true, and commit "${path}"`,
  };
}

const EDGE: Readonly<Record<Section, string>> = {
  identities: "the identity source",
  permits: "the permit of",
  limits: "the limits of",
  reveals: "the reason to reveal",
};

function differencesOf(run: LockRun, old: Lock, next: Lock): readonly LockDifference[] {
  const files = [...new Set([...next.keys(), ...old.keys()])].sort();
  const found = files.flatMap((file) => {
    const [before, after] = [old.get(file), next.get(file)];
    const names = sorted(new Map([...(before ?? []), ...(after ?? [])])).map(([name]) => name);
    return names.flatMap((name) => differenceOf(run, file, name, before?.get(name), after?.get(name)));
  });
  // New uses matter more than removed ones, and both more than the changes that follow from them.
  return ORDER.flatMap((kind) => found.filter(({ more }) => more === kind));
}

const NEW = "missing";
const GONE = "unused";
const EXCHANGED = "changed";
const ORDER: readonly string[] = [NEW, GONE, EXCHANGED];

function differenceOf(
  { used, options }: LockRun,
  file: string,
  name: string,
  before: Locked | undefined,
  after: Locked | undefined,
): readonly LockDifference[] {
  const uses = used.get(file)?.get(name)?.uses ?? [];
  const first = uses[0]?.at;
  const full = (option: string): string => (option.includes(": ") ? option : `${file}: ${option}`);
  const difference = (text: string, more: string, at: Origin | undefined) => [{ text, more, at, element: name }];
  if (after === undefined) {
    const at = before?.usedBy.flatMap((option) => options.at(full(option))?.at ?? [])[0];
    return difference(`contains "${name}", which nothing uses now`, GONE, at);
  }
  if (before === undefined) return difference(`lacks "${name}"`, NEW, first);
  const added = after.usedBy.find((option) => !before.usedBy.includes(option));
  const gone = before.usedBy.find((option) => !after.usedBy.includes(option));
  const vouched = after.vouchedBy.find((voucher) => !before.vouchedBy.includes(voucher));
  const unvouched = before.vouchedBy.find((voucher) => !after.vouchedBy.includes(voucher));
  const at = (option: string): Origin | undefined => uses.find((use) => use.option === full(option))?.at;
  if (added !== undefined) return difference(`lacks the use of "${name}" by ${added}`, NEW, at(added));
  if (vouched !== undefined)
    return difference(`does not record that ${voucherText(vouched)} vouches for "${name}"`, NEW, first);
  if (gone !== undefined)
    return difference(`contains the removed use of "${name}" by ${gone}`, GONE, options.at(full(gone))?.at);
  if (unvouched !== undefined)
    return difference(`still records that ${voucherText(unvouched)} vouches for "${name}"`, GONE, first);
  const text = after.exchange && before.exchange && changedExchange(name, before.exchange, after.exchange);
  return text === undefined ? [] : difference(text, EXCHANGED, first);
}

/** Fields are set and read by types: a use elsewhere may change what a method's calls read. */
function changedExchange(name: string, before: Exchange, after: Exchange): string | undefined {
  const pairs = [
    ["set", before.sets, after.sets],
    ["read", before.reads, after.reads],
    ["rely on", before.reliesOn, after.reliesOn],
  ] as const;
  for (const [verb, old, now] of pairs) {
    const added = now.find((value) => !old.some((known) => known === value));
    if (added !== undefined) return `lacks "${added}", which calls of "${name}" ${verb}`;
    const gone = old.find((value) => !now.some((known) => known === value));
    if (gone !== undefined) return `contains "${gone}", which calls of "${name}" no longer ${verb}`;
  }
  return undefined;
}

const voucherText = (voucher: string): string => (isOption(voucher) ? voucher : `rpc "${voucher}"`);

/** Returns the place of the first use. */
function placeOfFirst({ used, model }: LockRun): Origin {
  const [first] = [...used.values()].flatMap((elements) => sorted(elements));
  return first?.[1].uses[0]?.at ?? startOf(model);
}

/** Returns the place for a fault of the whole run. */
function startOf(model: Model): Origin {
  const [file] = model.files;
  const at = file?.services[0]?.ir.at ?? file?.ir.messages[0]?.at;
  return at ?? { file: file?.desc.proto.name ?? "", line: 1, column: 1, endLine: 1, endColumn: 1 };
}
