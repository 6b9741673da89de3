// The goldens of diagnostics, each as something that can be run again and again in this process.
import { compile } from "../../plugin/src/compile.ts";
import { renderDiagnostics } from "../../plugin/src/diagnostic/render.ts";
import { type Golden, goldenCases, parameterOf, printedOf, requestOf, textsIn, UPSTREAMS } from "../support/golden.ts";
import { requestFor } from "../support/request.ts";

export interface DiagnosticGolden {
  readonly name: string;
  readonly expected: string;
  /** Returns the current output for users; throws if the compiler does. */
  readonly render: () => string;
}

export function diagnosticGoldens(): readonly DiagnosticGolden[] {
  return [...goldenCases("diagnostics").map(plain), ...goldenCases("diagnostics-lock").map(drifted)];
}

/** The first call only, since buf has to run for it. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function plain(golden: Golden): DiagnosticGolden {
  const request = once(() => ({ ...requestOf(golden), parameter: parameterOf(golden) }));
  const texts = { ...UPSTREAMS, ...golden.protos };
  const sources = (file: string) => texts[file];
  const render = () => `${renderDiagnostics(compile(request(), sources).diagnostics, sources, "text")}\n`;
  return { name: golden.name, expected: printedOf(golden), render };
}

function drifted(golden: Golden): DiagnosticGolden {
  const now = { ...golden.protos, ...textsIn(golden, "after") };
  const before = textsIn(golden, "before");
  const targets = Object.keys(golden.protos);
  const path = "bff.lock.json";
  const prepared = once(() => {
    const old = { ...golden.protos, ...before };
    const lock = () => compile(requestFor(old, targets), (file) => old[file], { text: undefined, ci: false }).lock;
    const text = Object.keys(before).length > 0 ? lock() : textsIn(golden, path)[""];
    return { text, request: requestFor(now, targets) };
  });
  const render = () => {
    const { text, request } = prepared();
    const sources = (file: string) => (file === path ? text : now[file]);
    const ci = golden.name.endsWith("-in-ci");
    return `${renderDiagnostics(compile(request, sources, { text, ci }).diagnostics, sources, "text")}\n`;
  };
  return { name: golden.name, expected: printedOf(golden), render };
}
