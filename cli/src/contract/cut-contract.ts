// Extracts the contract for some services from the lock of a project.
import { type Lock, usesOf } from "protoc-gen-bff/compiler";
import { Refusal } from "../terminal.ts";
import type { Contract } from "./document.ts";
import type { ContractMethod } from "./elements.ts";

/**
 * Throws a `Refusal` for a service that the lock does not use.
 *
 * @param path of the lock, for messages
 */
export function cutContract(
  lock: Lock,
  services: readonly string[],
  consumer: string,
  path: string,
): Omit<Contract, "examples"> {
  const uses = usesOf(lock, services);
  if ("known" in uses) {
    const { service, like, known } = uses;
    const all = known.length === 0 ? "it uses none" : `it uses ${known.join(", ")}`;
    throw new Refusal(`"${path}" has no use of "${service}": ${like === undefined ? all : `did you mean "${like}"?`}`);
  }
  const methods = uses.methods.map(([name, { facts, usedBy, vouchedBy, exchange }]): [string, ContractMethod] => {
    if (exchange === undefined)
      throw new Refusal(
        `"${path}" is of version 1, which does not record the fields that are set and read: run \`buf generate\`, and commit it`,
      );
    return [name, { facts, usedBy: [...usedBy].sort(), ...exchange, vouchedBy: [...vouchedBy].sort() }];
  });
  const elements = uses.members.map(
    ([name, { facts, usedBy }]) => [name, { facts, usedBy: [...usedBy].sort() }] as const,
  );
  return { consumer, services: [...new Set(services)].sort(), methods: new Map(methods), elements: new Map(elements) };
}
