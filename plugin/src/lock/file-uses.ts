// The used parts of each upstream, for `server_uses.ts`.
import { factsOf, type Reliance, withHttp } from "@protobff/messages/upstream-facts.js";
import type { Model } from "../resolve/model/model.ts";
import type { Sliced } from "../slices/sliced.ts";
import type { Lock } from "./document.ts";
import { optionsOf } from "./options.ts";
import { usedElements } from "./used-elements.ts";
import { usesOf } from "./uses.ts";

interface MethodUse {
  /** Fields and enum values of its requests. */
  readonly sets: readonly string[];
  readonly reliesOn: readonly Reliance[];
  /** True if the BFF declares itself that calls have no side effects. */
  readonly vouched: boolean;
}
/** Names as in the lock. */
interface ServiceUses {
  readonly methods: ReadonlyMap<string, MethodUse>;
  /** Fields, enum values and types of requests and answers. */
  readonly elements: readonly string[];
}
/** Returns what some files use of a service. */
export type UsesIn = (files: readonly string[], service: string) => ServiceUses;

export function* fileUses(model: Model): Sliced<UsesIn> {
  const used = yield* usedElements(model, optionsOf(model.ir));
  const lock: Lock = new Map(
    [...used].map(([file, elements]) => [
      file,
      new Map(
        [...elements].map(([name, { element, vouchedBy, http, exchange }]) => [
          name,
          { facts: withHttp(factsOf(element), http), usedBy: [], vouchedBy, exchange },
        ]),
      ),
    ]),
  );
  return (files, service) => {
    const found = usesOf(new Map([...lock].filter(([file]) => files.includes(file))), [service]);
    if ("known" in found) return { methods: new Map(), elements: [] };
    const methods = found.methods.map(([name, { vouchedBy, exchange }]): [string, MethodUse] => [
      name,
      { sets: exchange?.sets ?? [], reliesOn: exchange?.reliesOn ?? [], vouched: [...vouchedBy].length > 0 },
    ]);
    return { methods: new Map(methods), elements: found.members.map(([name]) => name) };
  };
}
