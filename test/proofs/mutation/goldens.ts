// The goldens of diagnostics, each as something that can be run again and again in this process.
import { clone } from "@bufbuild/protobuf";
import { type CodeGeneratorRequest, type FileDescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { compile } from "../../../plugin/src/compile.ts";
import { renderDiagnostics } from "../../../plugin/src/diagnostic/render.ts";
import {
  type Golden,
  goldenCases,
  parameterOf,
  printedOf,
  requestOf,
  textsIn,
  UPSTREAMS,
} from "../../support/golden.ts";
import { requestFor } from "../../support/request.ts";
import { together } from "../../support/together.ts";

export interface DiagnosticGolden {
  readonly name: string;
  readonly expected: string;
  /** Returns the current output for users; throws if the compiler does. */
  readonly render: () => string;
}

export function diagnosticGoldens(): readonly DiagnosticGolden[] {
  const [found, drifts] = [goldenCases("diagnostics"), goldenCases("diagnostics-lock")];
  together(
    UPSTREAMS,
    found.map(({ protos }) => protos),
  );
  together(
    {},
    drifts.flatMap((golden) => {
      const { before, now } = sidesOf(golden);
      return [before, now];
    }),
  );
  return [...found.map(plain), ...drifts.map(drifted)];
}

/** The first call only, since buf has to run for it. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** The compiler keeps what it has read of a file, with the diagnostics: a copy is read again. */
function readAgain(request: CodeGeneratorRequest): CodeGeneratorRequest {
  const targets = new Set(request.fileToGenerate);
  const copied = (file: FileDescriptorProto) =>
    targets.has(file.name) ? clone(FileDescriptorProtoSchema, file) : file;
  const { protoFile, sourceFileDescriptors } = request;
  return {
    ...request,
    parameter: request.parameter, // a default is not copied
    protoFile: protoFile.map(copied),
    sourceFileDescriptors: sourceFileDescriptors.map(copied),
  };
}

function plain(golden: Golden): DiagnosticGolden {
  const request = once(() => ({ ...requestOf(golden), parameter: parameterOf(golden) }));
  const texts = { ...UPSTREAMS, ...golden.protos };
  const sources = (file: string) => texts[file];
  const render = () => `${renderDiagnostics(compile(readAgain(request()), sources).diagnostics, sources, "text")}\n`;
  return { name: golden.name, expected: printedOf(golden), render };
}

/** The protos that a lock is written from, and those of today. */
const sidesOf = (golden: Golden) => ({
  before: { ...golden.protos, ...textsIn(golden, "before") },
  now: { ...golden.protos, ...textsIn(golden, "after") },
});

function drifted(golden: Golden): DiagnosticGolden {
  const { before: old, now } = sidesOf(golden);
  const targets = Object.keys(golden.protos);
  const path = "bff.lock.json";
  const prepared = once(() => {
    const lock = () => compile(requestFor(old, targets), (file) => old[file], { text: undefined, ci: false }).lock;
    const text = Object.keys(textsIn(golden, "before")).length > 0 ? lock() : textsIn(golden, path)[""];
    return { text, request: requestFor(now, targets) };
  });
  const render = () => {
    const { text, request } = prepared();
    const sources = (file: string) => (file === path ? text : now[file]);
    const ci = golden.name.endsWith("-in-ci");
    return `${renderDiagnostics(compile(readAgain(request), sources, { text, ci }).diagnostics, sources, "text")}\n`;
  };
  return { name: golden.name, expected: printedOf(golden), render };
}
