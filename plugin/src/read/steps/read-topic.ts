import type { Follow, Latest, Topic } from "@protobff/messages/options.js";
import { fault, type Report, type Sourced, type Text } from "../../diagnostic/diagnostic.ts";
import type { IrFollow, IrLatest, IrTopic } from "../../ir/step.ts";
import { checkDistinct, checkReference, checkVariable } from "../values/names.ts";
import { child, count, type Declared, expression, text } from "../values/values.ts";
import { readCall } from "./read-call.ts";

/** Items of one key that a process keeps, at most. */
const MAX_KEPT = 10_000;

/** Reads the topics of a service. A topic without a name is left out. */
export function readTopics(values: readonly Declared<Topic>[], report: Report): readonly IrTopic[] {
  const topics = values.flatMap((declared) => readTopic(declared, report) ?? []);
  checkDistinct(
    topics,
    "BFF108",
    (value) => `the name "${value}" belongs to an earlier topic`,
    "rename one of them",
    report,
  );
  return topics;
}

function readTopic({ value, place }: Declared<Topic>, report: Report): IrTopic | undefined {
  const call = child(value.call, place, "call");
  const name = text(value.name, place, "name");
  checkVariable(name, "a topic", report);
  const type = text(value.type, place, "type");
  checkReference(type, "a message", report);
  const topic = {
    kind: "topic",
    at: place.at,
    type,
    subject: text(value.subject, place, "subject"),
    jetstream: text(value.jetstream, place, "jetstream"),
    call: call && readCall(call, report),
    position: expression(value.position, place, "position", report),
    until: expression(value.until, place, "until", report),
    keep: readKeep({ value, place }, report),
  } as const;
  if (name === undefined)
    return fault(report, "BFF168", place.at, {
      message: "this topic has no name",
      hint: 'add `name: "…"`, which `follow` refers to',
    });
  checkWhole({ ...topic, name }, report);
  if (topic.subject !== undefined) checkSubject(topic.subject, report);
  return { ...topic, name };
}

function readKeep({ value, place }: Declared<Topic>, report: Report): Sourced<number> | undefined {
  const keep = count(
    value.keep,
    place,
    "keep",
    "write the number of items of a key that are kept for followers",
    report,
  );
  if (keep === undefined || keep.value <= MAX_KEPT) return keep;
  return fault(report, "BFF165", keep.at, {
    message: `"keep" is ${keep.value}, and at most ${MAX_KEPT} items of each key are held in memory`,
    hint: `write at most ${MAX_KEPT}`,
  });
}

/** Checks that a topic declares its source, and declares it completely. */
function checkWhole({ at, name, type, subject, jetstream, call, position }: IrTopic, report: Report): void {
  const refuse = (where: IrTopic["at"], message: string, hint: string): void =>
    fault(report, "BFF168", where, { message, hint });
  const called = `the topic "${name.value}"`;
  if (subject === undefined && jetstream === undefined && call === undefined)
    refuse(at, `${called} has no source`, "add `subject` and `jetstream`, or a `call`, or both");
  else if (subject === undefined && jetstream !== undefined)
    refuse(jetstream.at, `${called} has no subject`, 'add `subject`, as in "runs.{key}.events"');
  else if (subject !== undefined && jetstream === undefined)
    refuse(
      subject.at,
      `${called} has no stream of JetStream for its subject`,
      "add `jetstream` with the name of the stream",
    );
  else if (call !== undefined && position === undefined)
    refuse(
      call.at,
      `the call of ${called} has no "position", so followers could not resume`,
      "add `position`, such as a sequence number",
    );
  else if (call === undefined && position !== undefined)
    refuse(
      position.at,
      `the items of ${called} have positions in JetStream already`,
      type === undefined ? "add a `call`" : "leave out `position`, or add a `call`",
    );
  else if (call === undefined && type === undefined)
    refuse(at, `${called} has no "type", the message of its items`, "add `type` with the name of a message");
}

/** Names of subjects as NATS has them, and one place for the key. */
function checkSubject({ value, at }: Text, report: Report): void {
  const problem = subjectProblem(value);
  if (problem !== undefined)
    fault(report, "BFF169", at, {
      message: `the subject ${JSON.stringify(value)} ${problem.message}`,
      hint: problem.hint,
    });
}

function subjectProblem(value: string): { readonly message: string; readonly hint: string } | undefined {
  if (/[\s*>]/.test(value.replaceAll("{key}", "")))
    return {
      message: "has a wildcard or a space, and an item has exactly one subject",
      hint: "write words with dots between them",
    };
  if (/^\.|\.\.|\.$/.test(value)) return { message: "has an empty part", hint: "write words with dots between them" };
  const holes = value.split("{key}").length - 1;
  if (holes === 1 && !/[{}]/.test(value.replace("{key}", ""))) return undefined;
  return {
    message: holes > 0 ? "has braces other than one `{key}`" : "has no `{key}`",
    hint: 'write `{key}` once, as in "runs.{key}.events"',
  };
}

export function readFollow(declared: Declared<Follow>, report: Report): IrFollow {
  return { kind: "follow", at: declared.place.at, ...readKeyed(declared, "follow", report) };
}
export function readLatest(declared: Declared<Latest>, report: Report): IrLatest {
  return { kind: "latest", ...readKeyed(declared, "latest", report) };
}

function readKeyed({ value, place }: Declared<Follow | Latest>, what: string, report: Report) {
  const keyed = { topic: text(value.topic, place, "topic"), key: expression(value.key, place, "key", report) };
  const missing = (["topic", "key"] as const).filter((part) => keyed[part] === undefined).map((part) => `"${part}"`);
  if (missing.length > 0)
    fault(report, "BFF164", place.at, {
      message: `this "${what}" has no ${missing.join(", ")}`,
      hint: "set `topic` and `key`, which is a string",
    });
  return keyed;
}
