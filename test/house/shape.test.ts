// The size of files and functions, and constructs that no source may contain.
import { describe, expect, test } from "vitest";
import { type Shape, shapeOf, sources } from "./shapes.ts";

const FOLDERS = ["plugin", "runtime", "cli", "client", "packages", "scripts", "bench", "site"];
const FILE_LINES = 400;
const FUNCTION_LINES = 60;

/** Functions that are too long still, by file and name, with their present lines: a figure may only shrink. */
const LONG_FUNCTIONS: Readonly<Record<string, number>> = {
  "ascii-texts.ts shortText": 106,
};

const PARAMETERS = 5;
/**
 * Functions with more parameters, by file and name, with their present number: a figure may only shrink. They run for
 * each request, frame or field, where an object costs, or have the parameters of Connect's methods.
 */
const MANY_PARAMETERS: Readonly<Record<string, number>> = {
  "answer-request.ts answerRequest": 6,
  "captured-client.ts send": 7,
  "connect-transport.ts connectTransport.stream": 6,
  "connect-transport.ts connectTransport.unary": 6,
  "frames.ts writeFrameHead": 6,
  "grpc-client.ts send": 7,
  "http-client.ts send": 7,
  "incoming-frames.ts frame": 6,
  "loads.ts loadKey": 6,
  "loads.ts loadsOf": 6,
  "mock-upstream.ts send": 6,
  "newest-item.ts send": 6,
  "open-loop.ts send": 6,
  "skip.ts skipField": 6,
  "skip.ts skipGroup": 6,
  "skip.ts skipIn": 6,
  "stage.ts client.send": 6,
  "start-call.ts startCall": 6,
  "warm-up-peers.ts callback": 6,
};

/** A class with more flags is a state machine without names for its states. */
const FLAGS = 3;
const FIELDS = 20;

const shapes = FOLDERS.flatMap(sources).map((source) => ({ path: source.path, ...shapeOf(source) }));
const all = (lines: (shape: Shape) => readonly number[]): string[] =>
  shapes.flatMap((shape) => lines(shape).map((line) => `${shape.path}:${line}`));

describe("shapes", () => {
  test("are measured", () => {
    const text = `
      const a: any = { ...{ b, c }, ...(d && { e }), ...f, ...({ g }) };
      class H {
        static j = false;
        readonly k = true;
        #l = false;
        #m: boolean | undefined;
        #n = 0;
        constructor() {}
        i() {
          return j.map((k) => k!);
        }
      }
      function overloaded(): void;`;
    expect(shapeOf({ path: "file.ts", text: `${text}\n` })).toEqual({
      lines: 14,
      functions: [
        { name: "constructor", lines: 1, parameters: 0 },
        { name: "i", lines: 3, parameters: 0 },
        { name: "i.callback", lines: 1, parameters: 1 },
      ],
      classes: [{ name: "H", fields: 4, flags: 2 }],
      any: [2],
      nonNull: [11],
      spreads: [2, 2],
    });
  });
  test.each([
    ["booleans", "#a = false; b: boolean | undefined; readonly c = true;", { fields: 3, flags: 2 }],
    ["bits of a mask", "#a = 0; b() { this.#a |= ONE; return this.#a & Bit.TWO; }", { fields: 1, flags: 2 }],
    ["no bits of one mask alone", "#a = 0; b() { return this.#a & 0xff; }", { fields: 1, flags: 0 }],
    ["a tuple of booleans", "readonly #a: [boolean, boolean, number];", { fields: 3, flags: 2 }],
    ["an array of booleans", "#a = [false, true];", { fields: 2, flags: 2 }],
    ["an object of booleans", "#a = { b: false, c: 0 };", { fields: 2, flags: 1 }],
    ["a type of booleans", "#a: { b: boolean; readonly c: boolean };", { fields: 1, flags: 1 }],
    ["a bag that no other class uses", "readonly #a: Bag;", { fields: 2, flags: 1 }],
    ["a shared bag as one field", "readonly #a: Shared;", { fields: 1, flags: 0 }],
    ["a bag of constants as one field", "readonly #a: Options;", { fields: 1, flags: 0 }],
  ])("count %s", (_, members, counts) => {
    const text = `
      interface Bag { b: boolean; c: number }
      interface Shared { b: boolean; c: boolean }
      interface Options { readonly b: boolean; readonly c: number }
      class Other { #a: Shared; }
      class Counted { ${members} }`;
    const { classes } = shapeOf({ path: "file.ts", text });
    expect(classes.at(-1)).toEqual({ name: "Counted", ...counts });
  });
  test("cover every package", () => {
    for (const folder of FOLDERS) expect(shapes.filter(({ path }) => path.startsWith(`${folder}/`))).not.toEqual([]);
    expect(shapes.length).toBeGreaterThan(1000);
  });
});

describe("sources", () => {
  test(`files with functions have fewer than ${FILE_LINES} lines`, () => {
    const long = shapes.filter(({ lines, functions }) => lines >= FILE_LINES && functions.length > 0);
    expect(long.map(({ path, lines }) => `${path} has ${lines} lines`)).toEqual([]);
  });

  // Entries name no folder, so that a file can move.
  const long = shapes.flatMap(({ path, functions }) =>
    functions
      .filter(({ lines }) => lines >= FUNCTION_LINES)
      .map(({ name, lines }) => ({ path, key: `${path.slice(path.lastIndexOf("/") + 1)} ${name}`, lines })),
  );
  test(`functions have fewer than ${FUNCTION_LINES} lines`, () => {
    const found = long.filter(({ key, lines }) => lines > (LONG_FUNCTIONS[key] ?? 0));
    const limit = (key: string): number => LONG_FUNCTIONS[key] ?? FUNCTION_LINES - 1;
    expect(found.map(({ path, key, lines }) => `${path}: ${key} has ${lines} lines, ${limit(key)} at most`)).toEqual(
      [],
    );
  });
  test("no exception outlives its function", () => {
    const needed = new Set(long.map(({ key }) => key));
    expect(Object.keys(LONG_FUNCTIONS).filter((key) => !needed.has(key))).toEqual([]);
  });

  test(`functions have at most ${PARAMETERS} parameters`, () => {
    const found = shapes.flatMap(({ path, functions }) =>
      functions
        .filter(({ parameters }) => parameters > PARAMETERS)
        .map(({ name, parameters }) => [`${path.slice(path.lastIndexOf("/") + 1)} ${name}`, parameters] as const),
    );
    expect(Object.fromEntries(found.sort())).toEqual(MANY_PARAMETERS);
  });

  test("classes have at most three flags and 20 fields", () => {
    const classes = shapes.flatMap(({ classes }) => classes);
    const large = classes.filter(({ fields, flags }) => fields > FIELDS || flags > FLAGS);
    expect(large.map(({ name, fields, flags }) => `${name}: ${fields} fields, ${flags} flags`)).toEqual([]);
  });

  test("no type is any", () => expect(all(({ any }) => any)).toEqual([]));
  test("no value is asserted to be non-null", () => expect(all(({ nonNull }) => nonNull)).toEqual([]));
  test("no object spreads a literal: its properties are in the object itself", () => {
    expect(all(({ spreads }) => spreads)).toEqual([]);
  });
});
