// One edited option of a valid BFF: a share of `npm run fuzz -- mistakes`.
import { describe, expect, test } from "vitest";
import { seedOf } from "../../support/seed/seed.ts";
import { together } from "../../support/together.ts";
import { BASES, SHARED } from "../fuzz/bases.ts";
import { compiled, unusedBy } from "./compiled.ts";
import { followHints } from "./hints.ts";
import { countsIn, described, FAULTS } from "./report.ts";
import { runMistakes } from "./run.ts";

const seed = Number(seedOf());

test("60 mistakes have diagnostics with a place, and hints that end", { timeout: 300_000 }, () => {
  const { outcomes, changed } = runMistakes({ seed, cases: 60, only: undefined, share: 12 });
  const faults = outcomes.flatMap((outcome) =>
    outcome.findings.filter(({ kind }) => FAULTS.includes(kind)).map((finding) => described(outcome, finding, seed)),
  );
  expect(faults.join("\n\n"), `again: PROTOBFF_SEED=${seed}`).toBe("");
  expect(changed, "diagnostics of BFFs whose edits are reverted").toEqual([]);
  const { edits, reported, followed } = countsIn(outcomes);
  expect([edits > 50, reported > 20, followed > 2], JSON.stringify(countsIn(outcomes))).toEqual([true, true, true]);
});

/** Mistakes with further errors that were only their consequence, or with a hint that leads astray. */
const FOUND: readonly {
  readonly what: string;
  readonly base: string;
  readonly edits: readonly (readonly [from: string, to: string])[];
  readonly reported: readonly string[];
}[] = [
  {
    what: "a malformed time for slow calls is not also missing",
    base: "emit/resilience",
    edits: [['breaker: { slow: "300ms"', 'breaker: { slow: "order"']],
    reported: ['BFF102 write a number followed by "ms", "s", "m", "h" or "d", as in "250ms"'],
  },
  {
    what: "a limit without a name is the only error beside its usage events",
    base: "emit/usage",
    edits: [
      ['rate_limit = { name: "items" key', "rate_limit = { key"],
      [
        'option (bff.v1.method).rate_limit = { name: "known" key: "principal.subject" if: "ok(principal)" rate: 10 per: "day" };',
        "",
      ],
    ],
    reported: ['BFF174 add a `name` for clients, logs and metrics, as in `name: "user"`'],
  },
  {
    what: "a limit without a rate does not leave a field of usage events without an rpc",
    base: "emit/usage",
    edits: [['if: "ok(principal)" rate: 10 per', 'if: "ok(principal)" per']],
    reported: ["BFF174 add a `rate`, the number allowed in `per`, as in `rate: 600`"],
  },
  {
    what: "a cache whose entry has a malformed `ttl` has one",
    base: "emit/resilience",
    edits: [['cache: { ttl: "5s"', 'cache: { ttl: ""']],
    reported: ['BFF102 write a number followed by "ms", "s", "m", "h" or "d", as in "250ms"'],
  },
  {
    what: "an answer with tags stays shared if they stay",
    base: "emit/tags",
    edits: [["permit = { public: true }", "permit = {}"]],
    reported: [
      "BFF262 write `http_cache: { shared: false tag: false }` in the rpc, or leave out `tag`, then `shared`: each client then keeps a private copy",
    ],
  },
  {
    what: "a newest item without a key does not leave a position without a source",
    base: "example",
    edits: [
      ['{ name: "last" latest: { topic: "run" key: "args.run_id" } };', '{ name: "last" latest: { topic: "run" } };'],
    ],
    reported: ["BFF164 set `topic` and `key`, which is a string"],
  },
  {
    what: "a part without a key is still a part",
    base: "example",
    edits: [
      ['{ name: "last" latest: { topic: "run" key: "args.run_id" } },', '{ name: "last" latest: { topic: "run" } },'],
    ],
    reported: ["BFF164 set `topic` and `key`, which is a string"],
  },
  {
    what: "labels of an empty meter are not checked for the wrong RPCs",
    base: "emit/meters",
    edits: [['by: "result.usage.tokens"', 'by: ""']],
    reported: ["BFF109 write an expression"],
  },
  {
    what: "calls of an unknown upstream are not known to have side effects",
    base: "emit/read-only",
    edits: [['{ service: "desk.v1.DeskService" read_only', '{ service: "from" read_only']],
    reported: [
      "BFF201 correct the name, or import its file. This run contains the whole workspace, so the file belongs to a module dependency or is excluded by `paths`",
    ],
  },
  {
    what: "a step with an empty fallback may fail",
    base: "emit/failure",
    edits: [['fallback: "up.v1.Order{id: string(error.code)}"', 'fallback: ""']],
    reported: ["BFF109 write an expression"],
  },
  {
    what: "a step of another type is no source of the field with its name",
    base: "emit/service-let-effects",
    edits: [[' [(bff.v1.field).by = "last.item_id"]', ""]],
    reported: ['BFF401 add [(bff.v1.field).by = "…"]'],
  },
  {
    what: "a variable with a malformed bound has one",
    base: "emit/numbers-of-variables",
    edits: [['max: "1h" default: "1m"', 'max: "" default: "1m"']],
    reported: ['BFF129 write a value such as "250ms"'],
  },
  {
    what: "a source without a kind has a name",
    base: "emit/served-together",
    edits: [['api_key: {prefix: "page_"}', ""]],
    reported: ["BFF151 add one of `jwt`, `session`, `api_key`, `assertion`, `peer` and `trusted`"],
  },
  {
    what: "arguments with a faulty spread may have each name",
    base: "emit/autobind-nameless",
    edits: [['message: "Part" args: { spread: "args" }', 'message: "Part" args: { spread: "" }']],
    reported: ["BFF109 write an expression"],
  },
  {
    what: "a rule without an effect handles no errors",
    base: "emit/on-error",
    edits: [["{ on: NOT_FOUND ignore: true }", "{}"]],
    reported: ["BFF120 add `ignore: true`, `fallback` or `fail`"],
  },
  {
    what: "a test of the caller may be needed after an error",
    base: "emit/identity-jwt",
    edits: [
      [
        'message: "Part" args: { name: "id" by: "args.id" } } },',
        'message: "" args: { name: "id" by: "args.id" } } },',
      ],
    ],
    reported: ["BFF135 write the name of a message, with dots between its parts"],
  },
  {
    what: "fields of a message with `reads` are those of its resolver",
    base: "emit/resolver-reads",
    edits: [['resolver: true reads: { step: ["viewer"] }', 'reads: { step: ["viewer"] }']],
    reported: ["BFF172 add `resolver: true`, or leave out `reads`"],
  },
  {
    what: "a composed message with a fault is no copy",
    base: "emit/fresh",
    edits: [['args: [{ name: "id" by: "order.id" }, {', "args: [{"]],
    reported: ['BFF338 add { name: "id" by: "…" } to its args'],
  },
  {
    what: "an unnamed source may be for agents",
    base: "emit/tools",
    edits: [['permit: { source: ["user", "browser"]', 'permit: { source: ["", "browser"]']],
    reported: ["BFF163 write the exact name of the source, without spaces around it, or leave it out"],
  },
  {
    what: "a timeout with a malformed bound may be long enough",
    base: "emit/numbers-of-variables",
    edits: [['min: "2500ms" max: "5s"', 'min: "2500ms" max: "-1s"']],
    reported: ['BFF129 write a value such as "250ms"'],
  },
  {
    what: "a time for old answers is compared with variables without faults",
    base: "emit/numbers-of-variables",
    edits: [
      ['"NEW" type: "duration" min: "1s"', '"NEW" type: "duration" min: "11s"'],
      ['"OLD" type: "duration" min: "11s"', '"OLD" type: "duration" min: "1s"'],
    ],
    reported: ['BFF129 write `min: "10s" max: "11s"`'],
  },
  {
    what: "a condition with a fault may test the step that an argument reads",
    base: "emit/if-narrows",
    edits: [['if: "ok(item) && id != item.id"', 'if: "ok(item) && id != ite.id"']],
    reported: ['BFF302 did you mean "item"?'],
  },
  {
    what: "items with a fault may make calls",
    base: "emit/each",
    edits: [['{ name: "order" call', "{ call"]],
    reported: [
      "BFF302 choose a name in scope: args.item, args, headers, env, now; or pass the value as an argument of the composing step, and read args.order",
    ],
  },
  {
    what: "a misspelt alias may be meant for the value without one",
    base: "emit/proto2-bff",
    edits: [['alias = "LEVEL_LOW"', 'alias = "LVEL_LOW"']],
    reported: ['BFF407 did you mean "LEVEL_LOW"?'],
  },
  {
    what: "a response with an unknown alias may be composed",
    base: "example",
    edits: [['alias = "web.v1.Dashboard"', 'alias = "wb.v1.Dashboard"']],
    reported: ['BFF201 did you mean "web.v1.Dashboard"?'],
  },
  {
    what: "arguments with a fault are passed on by a spread, and may be of one oneof",
    base: "emit/arguments-presence",
    edits: [['{ spread: "item" }', '{ spread: "itm" }']],
    reported: ['BFF302 did you mean "item"?'],
  },
  {
    what: "an argument beside a spread has its value",
    base: "second",
    edits: [
      [
        'args: [ { name: "item" by: "item" }, { name: "quote"',
        'args: [ { name: "item" by: "item" spread: "args" }, { name: "quote"',
      ],
    ],
    reported: ["BFF119 write the name with its value and the spread as separate entries"],
  },
];
const textsOf = ({ base: name, edits }: Pick<(typeof FOUND)[number], "base" | "edits">) => {
  const protos = BASES.find((base) => base.name === name)?.protos ?? {};
  const [file, text = ""] =
    Object.entries(protos).find(([, text]) => edits.every(([from]) => text.includes(from))) ?? [];
  if (file === undefined) throw new Error(`${name} has no ${edits[0]?.[0]}`);
  return { ...protos, [file]: edits.reduce((so, [from, to]) => so.replace(from, to), text) };
};
const cases = FOUND.map((found) => ({ ...found, protos: textsOf(found) }));
together(
  SHARED,
  cases.map(({ protos }) => protos),
);
function resultOf(protos: Readonly<Record<string, string>>) {
  const result = compiled(protos, "import_extension=ts,server=true", unusedBy(protos));
  if (typeof result === "string") throw new Error(result);
  return result;
}

describe("earlier finds", () => {
  test.each(cases)("$what", ({ protos, reported }) => {
    expect(resultOf(protos).diagnostics.map(({ code, hint }) => `${code} ${hint}`)).toEqual(reported);
  });

  test("a service whose only option is left out is still a BFF", () => {
    const edits = [['.http_cache = { max_age: "30s" shared: true };', ".http_cache = {};"]] as const;
    const protos = textsOf({ base: "example", edits });
    const { program, diagnostics } = resultOf(protos);
    const followed = followHints(protos, program, diagnostics, () => 0);
    expect(followed?.titles).toEqual(["BFF178 leave out `http_cache`"]);
    expect(followed?.protos["tv/v1/tv.proto"]).toContain("option (bff.v1.service) = {};");
  });
});
