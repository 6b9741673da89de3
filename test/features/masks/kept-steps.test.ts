// The steps that a selection of fields keeps: the oracle answers from a BFF that declares nothing else, with the same
// fields and fewer calls.
import type { JsonValue } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { keptSteps } from "../../../plugin/src/plan/messages/kept-for.ts";
import { plan } from "../../../plugin/src/plan/plan-run.ts";
import { resolve } from "../../../plugin/src/resolve/resolve.ts";
import { pick, randomFrom } from "../../proofs/fuzz/random.ts";
import { bffOf, dead, message } from "../../proofs/oracle/by-hand/small-protos.ts";
import { expression } from "../../proofs/oracle/cel/expression.ts";
import { readsOfStep } from "../../proofs/oracle/reads.ts";
import { type Call, verdicts, written } from "../../proofs/oracle/scenario.ts";
import { seedOf } from "../../support/seed/seed.ts";

interface Declared {
  readonly name: string;
  readonly text: string;
}
interface Member extends Declared {
  readonly if?: string;
  readonly by: string;
  readonly default?: true;
}
interface World {
  readonly steps: readonly Declared[];
  readonly fields: readonly Member[];
  readonly members: readonly Member[];
  readonly calls: readonly Call[];
}

const RPCS = ["A", "B", "C", "Do"];
const set = (by: string) => `set: { name: "id" by: "${by}" }`;
const option = (parts: readonly (string | undefined)[]) =>
  `[(bff.v1.field) = { ${parts.filter((part) => part !== undefined).join(" ")} }]`;

function randomWorld(random: () => number): World {
  const chance = (share: number) => random() < share;
  const names: string[] = [];
  const steps: Declared[] = [];
  const calls: Call[] = [];
  const textOf = (name: string | undefined) => (name === undefined ? "args.id" : `(ok(${name}) ? ${name}.s : 'no')`);
  const test = () => {
    const name = pick(names, random);
    if (name === undefined) return "args.flag";
    return (
      pick([`ok(${name})`, `failure(${name}).hasValue()`, `ok(${name}) && ${name}.n > 0`, "args.flag"], random) ?? ""
    );
  };
  for (let i = 0; i < 7; i++) {
    const name = `s${i}`;
    const head = `name: "${name}" supplementary: true`;
    const before = pick(names, random);
    const after = before !== undefined && chance(0.2) ? `after: "${before}"` : "";
    const condition = chance(0.2) ? `if: "${test()}"` : "";
    if (chance(0.15) && names.length > 0) {
      // It reads a step, and never refuses.
      const guard = `guard: { if: "args.n == 9 && ${test()}" fail: { code: NOT_FOUND message: "no" } }`;
      steps.push({ name, text: guard });
      continue;
    }
    const rpc = pick(chance(0.15) ? ["Do"] : RPCS.slice(0, 3), random) ?? "A";
    const call = `call: { method: "up.v1.Up/${rpc}" ${set(`'${name}' + ${chance(0.5) ? textOf(before) : "args.id"}`)} }`;
    const unnamed = chance(0.1);
    steps.push({ name, text: `${unnamed ? "supplementary: true" : head} ${after} ${condition} ${call}` });
    if (!unnamed) names.push(name);
    const answer: JsonValue = { s: name, n: Math.floor(random() * 2), ...(chance(0.5) && { maybe: name }) };
    const outcome = chance(0.25) ? dead : answer;
    for (const id of ["i", "no", ...steps.map((step) => step.name)])
      calls.push([`up.v1.Up/${rpc}`, { id: name + id }, outcome]);
  }
  // Every named side effect has a field, so that it does not depend on the choice of a member.
  const effects = names.filter((name) => steps.some((step) => step.name === name && step.text.includes("Up/Do")));
  const read = [...Array.from({ length: 4 }, () => pick(names, random)), ...effects];
  const fields = read.map((step, i): Member => {
    const by = textOf(step);
    return { name: `f${i}`, by, text: `string f${i} = ${i + 20} ${option([`by: "${by}"`])};` };
  });
  const members = Array.from({ length: 4 }, (_, i): Member => {
    const name = `m${i}`;
    const step = pick(names, random);
    const by = step === undefined ? "args.note" : `${step}.maybe`;
    const last = i === 3;
    const condition = !last && chance(0.6) ? test() : undefined;
    const parts = [condition && `if: "${condition}"`, `by: "${by}"`, last ? "default: true" : undefined];
    const text = `string ${name} = ${i + 11} ${option(parts)};`;
    return { name, by, text, ...(condition !== undefined && { if: condition }), ...(last && { default: true }) };
  });
  return { steps, fields, members, calls };
}

function bff(world: Pick<World, "steps" | "fields" | "members">) {
  const inOneof = world.members.map(({ text }) => text).join(" ");
  const oneof = inOneof === "" ? "" : `oneof one { ${inOneof} }`;
  const fields = [...world.fields.map(({ text }) => text), oneof].join("\n");
  return bffOf({
    M: message(
      "M",
      world.steps.map(({ text }) => text),
      fields,
    ),
  }).ir;
}
type BffIr = ReturnType<typeof bff>;

/** Undefined: a condition contradicts an earlier condition, so the message does not generate. */
function kept(ir: BffIr, fields: ReadonlySet<string>): ReadonlySet<number> | undefined {
  const errors: string[] = [];
  const model = resolve(ir, ({ severity, code }) => {
    if (severity === "error") errors.push(code);
  });
  expect(errors.filter((code) => code !== "BFF321")).toEqual([]);
  if (errors.length > 0) return undefined;
  const found = plan(model, []).messages.find(({ composed }) => composed.desc.name === "M");
  if (found === undefined) throw new Error("M is not planned");
  return new Set(keptSteps(found, fields).map(({ step }) => step.index));
}

/** The same by the oracle's own reads. */
function expected(ir: BffIr, world: World, fields: ReadonlySet<string>): ReadonlySet<number> {
  const steps = ir.files.flatMap(({ messages }) => messages).find(({ desc }) => desc.name === "M")?.steps ?? [];
  const open = world.fields.filter(({ name }) => fields.has(name)).map(({ by }) => by);
  let later = false;
  for (const member of world.members.toReversed()) {
    const wanted = fields.has(member.name);
    later ||= wanted;
    if (!later) continue;
    if (member.if !== undefined) open.push(member.if);
    if (wanted || member.if === undefined) open.push(member.by);
  }
  const names = new Set(open.flatMap((text) => expression(text).reads.map(({ name }) => name)));
  const found = new Set<number>();
  const always = (text: string) => /guard:|Up\/Do/.test(text) || !text.startsWith("name:");
  for (let size = -1; size < found.size; ) {
    size = found.size;
    for (const [index, step] of steps.entries()) {
      if (!names.has(`s${index}`) && !always(world.steps[index]!.text)) continue;
      found.add(index);
      for (const { name } of readsOfStep(step)) names.add(name);
    }
  }
  return found;
}

const key = ({ method, message: bytes }: { method: string; message: Uint8Array }) =>
  `${method} ${Buffer.from(bytes).toString("latin1")}`;

function play(ir: BffIr, { calls }: World) {
  const [verdict] = verdicts(ir, "b.v1.S/GetM", { request: { id: "i", flag: true, note: "n" }, calls });
  if (verdict === undefined) throw new Error("no verdict");
  expect(verdict.missing).toEqual([]);
  const { answer, degraded = [] } = written(verdict);
  return { answer, degraded, unasked: new Set(verdict.unasked.map(key)) };
}

function check(seed: number): "answered" | "refused" | "contradictory" {
  const random = randomFrom(seed);
  const world = randomWorld(random);
  const ir = bff(world);
  const all = [...world.fields, ...world.members].map(({ name }) => name);
  const fields = new Set(all.filter(() => random() < 0.35));
  const indexes = kept(ir, fields);
  if (indexes === undefined) return "contradictory";
  expect([...indexes].sort(), `seed ${seed}`).toEqual([...expected(ir, world, fields)].sort());
  const full = play(ir, world);
  if (full.answer === undefined) return "refused";
  const last = world.members.findLastIndex(({ name }) => fields.has(name));
  const part = {
    steps: world.steps.filter((_, index) => indexes.has(index)),
    fields: world.fields.filter(({ name }) => fields.has(name)),
    // A member that is not kept still decides; only its value is a constant.
    members: world.members
      .slice(0, last + 1)
      .map((member) =>
        fields.has(member.name) || member.if === undefined
          ? member
          : { ...member, text: member.text.replace(`by: "${member.by}"`, `by: "args.note"`) },
      ),
  };
  const pruned = play(bff(part), world);
  const project = (answer: object | undefined) =>
    Object.fromEntries(Object.entries(answer ?? {}).filter(([name]) => fields.has(name)));
  expect(project(pruned.answer as object), `seed ${seed}`).toEqual(project(full.answer as object));
  const touched = (degraded: readonly string[]) => degraded.filter((entry) => fields.has(entry.split(/[ ?]/)[0] ?? ""));
  expect(touched(pruned.degraded), `seed ${seed}`).toEqual(touched(full.degraded));
  // No call beyond those of the full answer.
  for (const call of full.unasked) expect(pruned.unasked, `seed ${seed}`).toContain(call);
  return "answered";
}

describe("the steps that kept fields need", () => {
  const cases = Number(process.env.PROTOBFF_CASES ?? 15);
  it(`give the projected answer in ${cases} random messages`, { timeout: 3_600_000 }, () => {
    const first = Number(seedOf());
    const results = Array.from({ length: cases }, (_, i) => check(first + i));
    expect(results.filter((result) => result === "answered").length).toBeGreaterThan(cases / 2);
  });

  it("include the conditions of a side effect for a member of a oneof", () => {
    const call = (rpc: string) => `call: { method: "up.v1.Up/${rpc}" ${set("args.id")} }`;
    const steps = [`name: "s0" ${call("A")}`, `name: "s1" ${call("Do")}`, `name: "s2" ${call("B")}`];
    const oneof = `oneof one { string m0 = 2 ${option([`if: "s0.n > 0"`, `by: "s1.s"`])}; string m1 = 3 ${option([`by: "s2.s"`, "default: true"])}; }`;
    const { ir } = bffOf({ M: message("M", steps, `string f0 = 1 ${option([`by: "args.id"`])}; ${oneof}`) });
    expect(kept(ir, new Set(["f0"]))).toEqual(new Set([0, 1]));
    expect(kept(ir, new Set(["m1"]))).toEqual(new Set([0, 1, 2]));
  });
});
