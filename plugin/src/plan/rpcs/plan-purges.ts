import { createHash } from "node:crypto";
import type { Model, Purge } from "../../resolve/model/model.ts";
import type { PlanPurge } from "../model/plan.ts";

/** Returns the purges of a package. */
export const purgesOf = ({ purges }: Model, packageName: string): readonly PlanPurge[] =>
  purges.filter(({ packages }) => packages.has(packageName)).map((of) => ({ of, digest: digestOf(of) }));

function digestOf({ ir: { subject, jetstream, tags }, type }: Purge): string {
  const texts = [subject.value, jetstream.value, type.typeName, ...tags.map(({ value }) => value)];
  return createHash("sha256").update(JSON.stringify(texts)).digest("base64url").slice(0, DIGEST_CHARACTERS);
}
/** 96 bits. */
const DIGEST_CHARACTERS = 16;
