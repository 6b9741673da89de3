// Samples of the messages of the official cases, held against @bufbuild/protovalidate: how many keep their rules.
import { createRegistry, type DescMessage, type FileRegistry } from "@bufbuild/protobuf";
import { createValidator } from "@bufbuild/protovalidate";
import { isSure, sample } from "../../../../runtime/src/samples/sample.ts";

export interface Samples {
  /** Messages that some case finds valid. */
  readonly messages: number;
  /** Messages among them whose sample is valid. */
  readonly valid: number;
  /** Messages among all that are declared to keep their rules. */
  readonly sure: number;
  /** Messages that are declared to keep their rules, but break them. */
  readonly wrong: readonly string[];
  /** Names of messages whose sample is not valid, each with why. */
  readonly broken: readonly string[];
}

/** @param types the messages of a suite; true: some case of it is valid */
export function samplesOf(registry: FileRegistry, types: ReadonlyMap<string, boolean>): Samples {
  const validator = createValidator({ registry: createRegistry(registry) });
  const found = { messages: 0, valid: 0, sure: 0, wrong: [] as string[], broken: [] as string[] };
  for (const [type, satisfiable] of types) {
    const desc = registry.getMessage(type);
    if (desc === undefined) continue;
    const fault = faultOf(validator, desc);
    const sure = isSure(desc);
    if (sure) found.sure++;
    if (sure && fault !== undefined) found.wrong.push(`${type}: ${fault}`);
    if (!satisfiable) continue;
    found.messages++;
    if (fault === undefined) found.valid++;
    else found.broken.push(`${type}: ${fault}`);
  }
  return found;
}

function faultOf(validator: ReturnType<typeof createValidator>, desc: DescMessage): string | undefined {
  const result = validator.validate(desc, sample(desc));
  // Rules that do not compile are no fault of a sample.
  return result.kind === "invalid" ? result.error.message : undefined;
}
