// The live page draws what `plan=json` says: over all goldens of plans, every step that an rpc reaches is in its graph, once, and every edge of
// such steps is.
import { expect, test } from "vitest";
import { graphOf } from "../../../packages/server/explorer/plan.ts";
import { archivesOf, goldenTexts } from "../../support/archive.ts";

const files = Object.fromEntries(
  archivesOf("plan").flatMap((archive) =>
    Object.entries(goldenTexts(archive)).map(([name, text]) => [`${archive.slice("plan/".length)}/${name}`, text]),
  ),
);
const plans = Object.keys(files).filter((path) => path.endsWith("_plan.json"));

interface Block {
  readonly steps: readonly { readonly step: string; readonly composes?: string }[];
  readonly edges: readonly { readonly from: string; readonly to: string }[];
}
interface Plan {
  readonly rpcs: readonly { readonly rpc: string; readonly composes: string }[];
  readonly messages: readonly (Block & { readonly message: string })[];
}

test("the explorer has plans to draw", () => expect(plans.length).toBeGreaterThan(8));

test.each(plans)("%s", (path) => {
  const plan = JSON.parse(files[path] ?? "") as Plan;
  const blocks = new Map(plan.messages.map((message) => [message.message, message]));
  for (const { rpc, composes } of plan.rpcs) {
    const graph = graphOf([plan], rpc);
    if (graph === undefined) throw new Error(`${rpc} is not drawn`);
    const reached = new Set([composes]);
    for (const type of reached)
      for (const step of blocks.get(type)?.steps ?? []) if (step.composes !== undefined) reached.add(step.composes);
    const found = (type: string) => graph.nodes.flatMap(({ of, step }) => (of === type ? [step.step] : []));
    for (const type of reached) {
      const block = blocks.get(type);
      expect(found(type)).toEqual(block?.steps.map(({ step }) => step) ?? []);
      const drawn = graph.edges
        .filter(({ to, kind }) => graph.nodes[to]?.of === type && kind !== "composes")
        .map(({ from, to }) => `${graph.nodes[from]?.step.step} → ${graph.nodes[to]?.step.step}`);
      expect(drawn).toEqual(block?.edges.map(({ from, to }) => `${from} → ${to}`) ?? []);
    }
    graph.nodes.forEach(({ step }, index) => {
      if (found(step.composes ?? "").length === 0) return;
      const to = graph.edges.filter(({ from, kind }) => from === index && kind === "composes").map((edge) => edge.to);
      expect(to.map((target) => graph.nodes[target]?.of)).toContain(step.composes);
    });
    expect(new Set(graph.nodes.map(({ of, step }) => `${of} ${step.step}`)).size).toBe(graph.nodes.length);
  }
});

test("an rpc outside the plan has no graph", () => expect(graphOf([], "a.S/M")).toBeUndefined());
