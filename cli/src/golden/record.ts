// `protobff golden record`: answers of a BFF, for later comparisons.
import { createRegistry } from "@bufbuild/protobuf";
import type { ReflectMessage } from "@bufbuild/protobuf/reflect";
import { jsonOf } from "@protobff/runtime/internal/json/write-json";
import { eachDifference, type Reading } from "../contract/compare-reply.ts";
import { shownStatus } from "../contract/replay.ts";
import { type GoldenRequest, isRepeatable, MAX_GOLDEN_BYTES, MAX_IGNORED } from "./document.ts";
import { type Answer, answerTo, type Bff, type Exchange, type Exchanged, runAll } from "./exchange.ts";
import { clearPath, isIgnored, resolvePath } from "./ignored-path.ts";

interface Recording {
  readonly exchanged: readonly Exchanged[];
  /** Requests with their answers, by position in the file. */
  readonly recorded: ReadonlyMap<number, GoldenRequest>;
}

/** Sends each request twice. A failed, degraded or changing answer is not recorded; fields that change are ignored. */
export async function recordGolden(exchanges: readonly Exchange[], bff: Bff): Promise<Recording> {
  const recorded = new Map<number, GoldenRequest>();
  let left = MAX_GOLDEN_BYTES;
  const exchanged = await runAll(exchanges, bff, async (exchange) => {
    const found = await recordOne(exchange, bff);
    if (typeof found === "string") return [found];
    left -= JSON.stringify(found).length;
    if (left < 0) return [`does not fit into the file, which has at most ${MAX_GOLDEN_BYTES} bytes`];
    recorded.set(exchange.index, found);
    return [];
  });
  return { exchanged, recorded };
}

/** Returns the request with its answer, or the reason why it has none. */
async function recordOne(exchange: Exchange, bff: Bff): Promise<GoldenRequest | string> {
  const { response: _, error: __, ...call } = exchange.golden;
  const first = await answerTo(exchange, bff);
  const second = faultOf(first) === undefined ? await answerTo(exchange, bff) : first;
  const fault = faultOf(second);
  if (fault !== undefined) return fault;
  if ("message" in first && "message" in second) return withResponse(call, first.message, second.message, exchange);
  const [status, again] = [statusOf(first), statusOf(second)];
  return status === again ? { ...call, error: status } : `is answered ${status}, and then ${again}`;
}

function withResponse(
  call: GoldenRequest,
  first: ReflectMessage,
  second: ReflectMessage,
  { method: { output }, golden, ignored }: Exchange,
): GoldenRequest | string {
  const reading: Reading = { reads: () => true, enums: new Map(), compare: golden.compare ?? "values" };
  const changing = new Set<string>();
  eachDifference(first, second, reading, (difference) => {
    if (!isIgnored(difference, ignored)) changing.add(difference.pattern);
  });
  const ignore = [...(golden.ignore ?? []), ...changing];
  if (ignore.length > MAX_IGNORED) return `changes in more paths than the ${MAX_IGNORED} that may be ignored`;
  for (const path of ignore) {
    const found = resolvePath(path, output);
    if (typeof found !== "string") clearPath(first, found.steps);
  }
  try {
    const response = jsonOf(output, first.message, NO_TYPES);
    return ignore.length === 0 ? { ...call, response } : { ...call, ignore, response };
  } catch (error) {
    return `cannot be written as JSON: ${error instanceof Error ? error.message : error}`;
  }
}

/** Fields of the type google.protobuf.Any are not stored. */
const NO_TYPES = createRegistry();

function faultOf(answer: Answer): string | undefined {
  if ("fault" in answer) return answer.fault;
  if ("message" in answer || isRepeatable(answer.failed.status)) return undefined;
  return `is answered ${shownStatus(answer.failed)}, which is not recorded`;
}
const statusOf = (answer: Answer): string => ("failed" in answer ? answer.failed.status : "OK");
