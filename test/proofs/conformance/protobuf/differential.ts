// Random and damaged messages, read by our reader, by Go and by Python's upb. If both agree, our reader must, too;
// otherwise it agrees with one of them.
import { isDeepStrictEqual } from "node:util";
import { create, createFileRegistry, type DescMessage, type Message, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { readMessage } from "../../../../runtime/src/wire/reader.ts";
import { randomMessage, seeded } from "../../../bffs/second/random-message.ts";
import { requestFor } from "../../../support/request.ts";
import { changes, fields, record, records, withLength } from "../../codec/damaged-bytes.ts";
import { CASES } from "../../codec/decisions.ts";
import { PROTOS } from "../../codec/protos.ts";
import { type Decision, goPeer, type Peer, upbPeer } from "./peers.ts";

const TYPE = "wire.v1.Everything";
/** Fields of Everything that hold messages: singular, repeated, of a oneof, maps, wrappers, proto2. */
const MESSAGES = [84, 85, 86, 87, 88, 91, 93, 94, 95, 101, 108, 111, 113, 114, 115, 128, 130, 75, 77, 112, 116];
/** Number of inputs that a process of a peer reads. */
const SHARE = 5_000;

export interface Comparison {
  readonly compared: number;
  /** Number of inputs that are a message for Go. */
  readonly readable: number;
  /** Inputs in hexadecimal digits, with the decisions. */
  readonly failures: readonly string[];
  /** Inputs on which Go and upb differ. */
  readonly disputed: readonly string[];
}

interface Peers {
  readonly desc: DescMessage;
  readonly go: Peer;
  readonly upb: Peer;
}
function peers(): Peers {
  const { protoFile } = requestFor(PROTOS, ["wire/v1/wire.proto"]);
  const set = create(FileDescriptorSetSchema, { file: protoFile });
  const desc = createFileRegistry(set).getMessage(TYPE);
  if (desc === undefined) throw new Error(`no ${TYPE}`);
  const files = toBinary(FileDescriptorSetSchema, set);
  return { desc, go: goPeer(files), upb: upbPeer(files) };
}

/** Returns the titles of the cases of test/proofs/codec/decisions.ts that Go or upb decides otherwise. */
export async function compareCases(): Promise<readonly string[]> {
  const { desc, go, upb } = peers();
  const questions = CASES.map(({ bytes }) => ({ operation: "binary", type: TYPE, input: bytes }) as const);
  const all = await Promise.all([go(questions), upb(questions)]);
  return CASES.filter(({ bytes, unknown }, i) => {
    const ours = outcome(() => readMessage(desc, new Uint8Array(bytes)));
    const isRefused = unknown === "refused";
    return all.some((decisions) => {
      const theirs = messageOf(desc, decisions[i]);
      return isRefused ? theirs !== "refused" : !isDeepStrictEqual(theirs, ours);
    });
  }).map(({ title }) => title);
}

export async function compareWithPeers({ count, seed }: { count: number; seed: number }): Promise<Comparison> {
  const { desc, ...both } = peers();
  const failures: string[] = [];
  const disputed: string[] = [];
  let readable = 0;
  for (let done = 0; done < count; done += SHARE) {
    const inputs = fc.sample(inputsOf(desc), { numRuns: Math.min(SHARE, count - done), seed: seed + done });
    const questions = inputs.map((input) => ({ operation: "binary", type: TYPE, input }) as const);
    const [go, upb] = await Promise.all([both.go(questions), both.upb(questions)]);
    inputs.forEach((input, i) => {
      const [theirs, pythons] = [messageOf(desc, go[i]), messageOf(desc, upb[i])];
      const ours = outcome(() => readMessage(desc, input));
      if (theirs !== "refused") readable++;
      const agree = isDeepStrictEqual(theirs, pythons);
      if (!agree) disputed.push(Buffer.from(input).toString("hex"));
      if (isDeepStrictEqual(ours, theirs) || (!agree && isDeepStrictEqual(ours, pythons))) return;
      failures.push(
        `${Buffer.from(input).toString("hex")}: ${nameOf(ours)}, Go ${nameOf(theirs)}, upb ${nameOf(pythons)}`,
      );
    });
  }
  return { compared: count, readable, failures, disputed };
}

/** A few fields, some of them in a message, and valid messages with a few changes. */
function inputsOf(desc: DescMessage): fc.Arbitrary<Uint8Array> {
  const field = fc.oneof({ weight: 4, arbitrary: fields }, { weight: 1, arbitrary: records });
  const inside = fc
    .tuple(fc.constantFrom(...MESSAGES), fc.array(field, { maxLength: 3 }))
    .map(([number, parts]) => record(number, 2, withLength(Buffer.concat(parts))));
  const some = fc
    .array(fc.oneof({ weight: 3, arbitrary: field }, { weight: 1, arbitrary: inside }), { minLength: 1, maxLength: 4 })
    .map((parts) => new Uint8Array(Buffer.concat(parts)));
  const changed = fc.tuple(fc.nat(), fc.array(changes, { maxLength: 3 })).map(([s, edits]) => {
    const whole: Uint8Array = toBinary(desc, randomMessage(desc, seeded(s), 2).message as Message);
    return new Uint8Array(edits.reduce((bytes, edit) => edit(bytes), whole));
  });
  return fc.oneof({ weight: 9, arbitrary: some }, { weight: 1, arbitrary: changed });
}

/** The message that the peer has written, which is canonical. */
function messageOf(desc: DescMessage, decision: Decision | undefined): Message | "refused" {
  if (decision === undefined) throw new Error("no decision");
  return "error" in decision ? "refused" : outcome(() => readMessage(desc, new Uint8Array(decision.output)));
}
function outcome(run: () => Message): Message | "refused" {
  try {
    return run();
  } catch {
    return "refused";
  }
}
const nameOf = (value: Message | "refused"): string => (value === "refused" ? "refuses" : "reads");
