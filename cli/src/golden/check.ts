// `protobff golden check`: whether a BFF still answers as recorded.
import type { Registry } from "@bufbuild/protobuf";
import { compareReply, type Reading } from "../contract/compare-reply.ts";
import { otherStatus } from "../contract/replay.ts";
import { answerTo, type Bff, type Exchange, type Exchanged, runAll } from "./exchange.ts";
import { isIgnored } from "./ignored-path.ts";

/** Sends each request once, and compares the answers. */
export function checkGolden(
  exchanges: readonly Exchange[],
  registry: Registry,
  bff: Bff,
): Promise<readonly Exchanged[]> {
  const enums = enumsOf(registry);
  return runAll(exchanges, bff, (exchange) => faultsOf(exchange, enums, bff));
}

async function faultsOf(exchange: Exchange, enums: Reading["enums"], bff: Bff): Promise<readonly string[]> {
  const { golden, recorded, ignored } = exchange;
  const { error, compare = "values" } = golden;
  if (recorded === undefined && error === undefined) return ["has no answer yet: `protobff golden record` adds it"];
  const answer = await answerTo(exchange, bff);
  if ("fault" in answer) return [answer.fault];
  if ("failed" in answer) return answer.failed.status === error ? [] : [otherStatus(answer.failed, error)];
  if (recorded === undefined) return [`is answered, and ${error} was recorded`];
  // Equal values may be new ones of an enum.
  const reading: Reading = { reads: () => true, enums: compare === "shape" ? enums : new Map(), compare };
  return compareReply(recorded, answer.message, reading, (difference) => !isIgnored(difference, ignored));
}

const enumsOf = (registry: Registry): Reading["enums"] =>
  new Map(
    [...registry].flatMap((type) =>
      type.kind === "enum"
        ? [[type.typeName, { values: Object.fromEntries(type.values.map(({ name, number }) => [name, number])) }]]
        : [],
    ),
  );
