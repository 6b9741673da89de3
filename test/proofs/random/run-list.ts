// One random list in one random world: what the BFF gives, held against the oracle.
import { create, type DescMethod, type Message, toBinary } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import type { Ir } from "../../../plugin/src/ir/ir.ts";
import type { Clock } from "../../../runtime/src/clock.ts";
import type { Observer } from "../../../runtime/src/observer.ts";
import type { CallEvent } from "../../../runtime/src/observer-calls.ts";
import { pick, seeded } from "../../bffs/second/random-message.ts";
import { described, logged } from "../load/load.ts";
import { oracle } from "../oracle/oracle.ts";
import { type LoggedCall, outcomesOf } from "../oracle/outcomes.ts";
import { type Got, mismatch } from "../oracle/verdict.ts";
import type { Case } from "./cases.ts";
import { ListWorld } from "./list-world.ts";

export async function run(ir: Ir, testCase: Case, seed: string) {
  const [method] = testCase.methods;
  if (method === undefined) throw new Error(`${testCase.name} lacks an rpc`);
  const random = seeded("run", seed);
  const note = random() < 0.5 ? { note: pick(random, ["", "a"]) } : {};
  const ids = Array.from({ length: random() * 4 }, () => pick(random, ["", "a", "b", "c"]));
  const message = create(method.input, { tenant: pick(random, ["a", "b", "d"]), flag: random() < 0.5, ids, ...note });
  const events: Omit<CallEvent, "call">[] = [];
  const observer: Observer = { call: (event) => void events.push(event) };
  let clock: Clock | undefined;
  const up = new ListWorld(seed).handlers(() => clock as Clock);
  const bff = testCase.make({ mocks: { up }, observer });
  clock = bff.clock as Clock;
  let header: string | undefined;
  const send = bff[method.localName] as (request: object, call: object) => Promise<Message>;
  const onHeader = (headers: Headers): void => {
    header = headers.get("bff-degraded") ?? undefined;
  };
  const got = await send(message, { onHeader }).then(
    (response): Got => ({ kind: "answer", message: toBinary(method.output, response), degradedHeader: header }),
    (thrown: unknown): Got => {
      if (!(thrown instanceof ConnectError)) throw thrown;
      return { kind: "status", code: thrown.code, message: thrown.rawMessage };
    },
  );
  bff.close();
  const made = events.map((event) => ({ ...event, requestId: "" }));
  const calls = made.flatMap((event) => logged(event) ?? []);
  const fault = faultOf(ir, method, message, calls, got);
  if (fault === undefined) return { got, calls: calls.length };
  if (fault === "undecided") return { got, calls: calls.length, undecided: true };
  return { got, calls: calls.length, fault: `${fault}\n${described(ir, made).join("\n")}` };
}

/** Most assignments of logged calls to steps that are tried; with more of them the case is undecided. */
const MAX_WAYS = 60;

function faultOf(
  ir: Ir,
  method: DescMethod,
  message: Message,
  log: readonly LoggedCall[],
  got: Got,
): string | undefined {
  const faults: string[] = [];
  let isCut = false;
  const onLimit = (): void => {
    isCut = true;
  };
  // First without the cancelled calls that have an equal call with a result: the oracle assigns equal calls to steps in
  // turn. Then with them, because the step of the cancelled call may be the one that decides.
  const resultNames = new Set(log.filter(({ outcome }) => !("cancelled" in outcome)).map(nameOf));
  const calls = log.filter((call) => !("cancelled" in call.outcome) || !resultNames.has(nameOf(call)));
  const logs = calls.length === log.length ? [log] : [calls, log];
  for (const logged of logs)
    for (const outcomes of outcomesOf(logged, MAX_WAYS, onLimit)) {
      const fault = mismatch(oracle(ir, method, message, new Map(), {}, undefined, outcomes), got);
      if (fault === undefined) return undefined;
      faults.push(fault);
    }
  return isCut ? "undecided" : faults[0];
}
const nameOf = ({ method, message }: LoggedCall): string => `${method} ${Buffer.from(message).toString("base64")}`;
