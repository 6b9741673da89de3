// Breaking candidates of a change of an upstream's protos, by BFF.
import type { FileRegistry } from "@bufbuild/protobuf";
import { parentName } from "protoc-gen-bff/compiler";
import { checkContract } from "../contract/check-contract.ts";
import { cutContract } from "../contract/cut-contract.ts";
import type { Contract } from "../contract/document.ts";
import type { Finding } from "../contract/finding.ts";
import { Refusal } from "../terminal.ts";
import type { Problem } from "./problem.ts";
import { type FleetBff, servicesOfBff } from "./read-bffs.ts";

/** A change and its findings, as data. */
export interface ChangeEntry {
  /** The new protos, as in the command line. */
  readonly protos: string;
  /** Services of BFFs that are compared. */
  readonly services: readonly string[];
  /** Services of other packages, which are not compared. */
  readonly not_compared: readonly string[];
  /** BFFs with findings. */
  readonly bffs: readonly {
    readonly bff: string;
    readonly services: readonly string[];
    readonly breaks: readonly Finding[];
    readonly notes: readonly Finding[];
  }[];
}

/**
 * Compares the locks with new protos. A package belongs to the change if the protos have it, in this version or another
 * one: `catalog.v2` alone removes `catalog.v1`. BFFs that cannot be compared become problems. Throws a `Refusal` if no
 * BFF uses the protos.
 */
export function checkChange(
  protos: string,
  registry: FileRegistry,
  bffs: readonly FleetBff[],
): { readonly change: ChangeEntry; readonly problems: readonly Problem[] } {
  const packages = new Set([...registry.files].map((file) => familyOf(file.proto.package)));
  const all = new Set(bffs.flatMap((bff) => [...servicesOfBff(bff)]));
  const isCompared = (service: string): boolean => packages.has(familyOf(parentName(service)));
  const services = [...all].filter(isCompared).sort();
  if (services.length === 0)
    throw new Refusal(
      `--change: no BFF calls a service of a package in ${protos}: name all protos of an upstream; BFFs call ${[...all].sort().join(", ")}`,
      2,
    );
  const problems: Problem[] = [];
  const found = bffs.flatMap((bff) => {
    const used = services.filter((service) => servicesOfBff(bff).has(service));
    if (used.length === 0) return [];
    const contract = contractOf(bff, used);
    if (!("consumer" in contract)) {
      problems.push(contract);
      return [];
    }
    const findings = checkContract(contract, registry);
    if (findings.length === 0) return [];
    const of = (severity: Finding["severity"]) => findings.filter((finding) => finding.severity === severity);
    return [{ bff: bff.id, services: used, breaks: of("break"), notes: of("note") }];
  });
  const rest = [...all].filter((service) => !isCompared(service)).sort();
  return { change: { protos, services, not_compared: rest, bffs: found }, problems };
}

/** Returns a package without its version: `catalog` for `catalog.v1` and `catalog.v2beta1`. */
const familyOf = (name: string): string => name.replace(/\.v\d+\w*$/, "");

function contractOf({ id, place, lock }: FleetBff, services: readonly string[]): Contract | Problem {
  if (lock === undefined)
    return { file: place, message: "there is no lock, so its plans alone are not compared with --change" };
  try {
    return { ...cutContract(lock, services, id, place), examples: [] };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { file: place, message: `it is not compared with --change: ${error.message}` };
  }
}
