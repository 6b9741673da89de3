// Random client code that reads messages, for a comparison with the reads at run time.
import { create, createFileRegistry } from "@bufbuild/protobuf";
import {
  DescriptorProtoSchema,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { type Answers, reachable } from "../../../cli/src/clients/answers.ts";

export const FIELDS = ["title", "body", "rating", "owner", "price"] as const;
export type Field = (typeof FIELDS)[number];

/** Text of a client; `a` and `b` are two fields of its message. */
export type Shape = (a: Field, b: Field) => string;

/** Reads of a value `m` of type `M`; `a` and `b` are two of its fields. Each body returns nothing of use. */
export const SHAPES: Readonly<Record<string, Shape>> = {
  access: (a, b) => `export const run = (m: M): unknown => [m.${a}, m?.${b}];`,
  template: (a) => `export const run = (m: M): unknown => \`<p>\${m.${a}}</p>\`;`,
  destructuring: (a, b) => `export const run = ({ ${a}, ${b}: other }: M): unknown => [${a}, other];`,
  rest: (a) =>
    `export const run = (m: M): unknown => { const { ${a}, ...rest } = m; return JSON.stringify(rest) + ${a}; };`,
  patterns: (a, b) =>
    `export const run = (m: M): unknown => { let x: string; let ${b}: string; ({ ${a}: x, ${b} } = m); return x + ${b}; };`,
  element: (a) => `export const run = (m: M): unknown => m["${a}"];`,
  keys: (a, b) => `export const run = (m: M): unknown => (["${a}", "${b}"] as const).map((key) => m[key]);`,
  keyed: (a) =>
    `const get = <T, K extends keyof T>(of: T, key: K): T[K] => of[key];\nexport const run = (m: M): unknown => get(m, "${a}");`,
  structural: (a, b) =>
    `const show = (x: { ${a}: string; ${b}?: string }): string => x.${a} + x.${b};\nexport const run = (m: M): unknown => show(m);`,
  hidden: (a, b) =>
    `const one = (x: { ${a}: string }): string => two(x);\nconst two = (x: { ${a}: string; ${b}?: string }): string => String(x.${b});\nexport const run = (m: M): unknown => one(m);`,
  callback: (a) =>
    `const title = (x: { readonly ${a}: string }): string => x.${a};\nexport const run = (m: M): unknown => [m].map(title);`,
  generic: (a) =>
    `const show = <T extends { ${a}: string }>(x: T): string => x.${a};\nexport const run = (m: M): unknown => show(m);`,
  leaking: () => `const log = <T>(x: T): string => JSON.stringify(x);\nexport const run = (m: M): unknown => log(m);`,
  wrapped: () =>
    `class Store<T> { item: T | undefined; dump(): string { return JSON.stringify(this.item); } }\nexport const run = (m: M): unknown => { const store = new Store<M>(); store.item = m; return store.dump(); };`,
  higher: () =>
    `const logged = <P extends object>(f: (p: P) => string) => (p: P): string => Object.values(p).join() + f(p);\nconst view = logged((_: M) => "");\nexport const run = (m: M): unknown => view(m);`,
  spread: (a) => `export const run = (m: M): unknown => { const copy = { ...m, extra: 1 }; return copy.${a}; };`,
  spreadAway: () => `export const run = (m: M): unknown => JSON.stringify({ ...m });`,
  narrowed: (a) =>
    `const dump = (x: { ${a}: string }): string => { const { ${a}: _, ...rest } = x; return JSON.stringify(rest); };\nexport const run = (m: M): unknown => dump(m);`,
  picked: (a, b) =>
    `const show = (x: Pick<M, "${a}">): string => x.${a};\nexport const run = (m: M): unknown => show(m) + m.${b};`,
  partial: (a) => `const show = (x: Partial<M>): unknown => x.${a};\nexport const run = (m: M): unknown => show(m);`,
  cast: (a) => `export const run = (m: M): unknown => (m as unknown as { ${a}: string }).${a};`,
  untyped: (a) => `const any: any = {};\nexport const run = (m: M): unknown => { any.m = m; return any.m.${a}; };`,
  inside: (a) => `export const run = (m: M): unknown => "${a}" in m;`,
  loop: (a) =>
    `export const run = (m: M): unknown => { let all = ""; for (const { ${a} } of [m]) all += ${a}; return all; };`,
  forIn: () =>
    `export const run = (m: M): unknown => { const all: unknown[] = []; for (const k in m) all.push(m[k as keyof M]); return all; };`,
  entries: () => `export const run = (m: M): unknown => Object.entries(m);`,
  assign: () =>
    `export const run = (m: M): unknown => { const o = {}; Object.assign(o, m); return JSON.stringify(o); };`,
  iterator: (a) =>
    `function* each(m: M): Generator<M> { yield m; }\nexport const run = (m: M): unknown => { let all = ""; for (const x of each(m)) all += x.${a}; return all; };`,
  closure: (a) => `const later = (m: M) => () => m.${a};\nexport const run = (m: M): unknown => later(m)();`,
  member: (a) =>
    `class View { m: M; constructor(m: M) { this.m = m; } render(): string { return this.m.${a}; } }\nexport const run = (m: M): unknown => new View(m).render();`,
  implemented: (a) =>
    `interface Shown { show(m: M): string }\nclass View implements Shown { show(x: { ${a}: string }): string { return x.${a}; } }\nexport const run = (m: M): unknown => { const view: Shown = new View(); return view.show(m); };`,
  overridden: (a) =>
    `class Base { show(_: M): string { return ""; } all(m: M): string { return this.show(m); } }\nclass View extends Base { override show(x: { ${a}: string }): string { return x.${a}; } }\nexport const run = (m: M): unknown => new View().all(m);`,
  predicate: (a, b) =>
    `const has = (x: { ${a}: string }): x is { ${a}: string; ${b}: string } => "${b}" in x;\nexport const run = (m: M): unknown => { const x: { ${a}: string } = m; return has(x) ? x.${b} : ""; };`,
  map: (a) =>
    `export const run = (m: M): unknown => { const all = new Map<string, { ${a}: string }>([["k", m]]); return [...all.values()].map((x) => x.${a}); };`,
  nested: (a) =>
    `interface Props { data: { m: { ${a}: string } } }\nconst show = ({ data: { m } }: Props): string => m.${a};\nexport const run = (m: M): unknown => show({ data: { m } });`,
  bound: (a) =>
    `function show(this: unknown, x: { ${a}: string }): string { return x.${a}; }\nexport const run = (m: M): unknown => show.call(undefined, m);`,
  thrown: (a) =>
    `export const run = (m: M): unknown => { try { throw m; } catch (e) { return (e as { ${a}: string }).${a}; } };`,
  reexported: (a) =>
    `import { read } from "./helper.ts";\nexport const run = (m: M): unknown => read(m, (x) => x.${a});`,
  alias: (a) =>
    `export const run = (m: M): unknown => { const box: { x: { ${a}: string } | undefined } = { x: undefined }; const other: { x: M | undefined } = { x: m }; box.x = other.x; return box.x?.${a}; };`,
  reduced: (a) => `export const run = (m: M): unknown => [m].reduce((sum, { ${a} }) => sum + ${a}, "");`,
  sorted: (a) =>
    `const by = <T>(of: (x: T) => string) => (x: T, y: T): number => of(x).localeCompare(of(y));\nexport const run = (m: M): unknown => [m, m].sort(by((x) => x.${a}));`,
};

/** Messages of one client: that of its answers, one inside of it, and one of its requests. */
const MESSAGES = { M: [...FIELDS, "maker"], N: ["name", "city"], R: ["card"] } as const;
const INSIDE: Readonly<Record<string, "M" | "N">> = { maker: "N", card: "M" };

/** All fields of the answers of a client, as `M.title`. */
export const ANSWER_FIELDS = [...MESSAGES.M.map((name) => `M.${name}`), ...MESSAGES.N.map((name) => `N.${name}`)];

/** A message `M` with the fields, where `removed` is left out. */
export function messageWithout(i: number, removed?: string): object {
  const kept = (name: "M" | "N", fields: Readonly<Record<string, unknown>>): object => ({
    $typeName: `t.${name}${i}`,
    ...Object.fromEntries(Object.entries(fields).filter(([key]) => `${name}.${key}` !== removed)),
  });
  const texts = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, name]));
  return kept("M", { ...texts(FIELDS), maker: kept("N", texts(MESSAGES.N)) });
}

/** Text of the generated code of messages `t.M0`, `t.M1`, …, without descriptors at run time. */
export function generatedCode(count: number): string {
  const typeOf = (name: keyof typeof MESSAGES, i: number): string => {
    const members = MESSAGES[name].map((field, n) => {
      const inside = INSIDE[field];
      const type = inside === undefined ? "string" : inside + i + (name === "M" ? " | undefined" : "");
      return `  /** @generated from field: string ${field} = ${n + 1}; */\n  ${field}${inside && name === "M" ? "?" : ""}: ${type};\n`;
    });
    return `export type ${name}${i} = Message<"t.${name}${i}"> & {\n${members.join("")}};
export const ${name}${i}Schema: GenMessage<${name}${i}> = undefined as never;\n`;
  };
  const clients = Array.from({ length: count }, (_, i) => {
    const method = (kind: string, input: string) =>
      `{ methodKind: "${kind}"; input: typeof ${input}${i}Schema; output: typeof M${i}Schema }`;
    const methods = `get: ${method("unary", "N")}; watch: ${method("server_streaming", "N")}; send: ${method("unary", "R")}`;
    return `export const S${i}: GenService<{ ${methods} }> = { method: {} } as never;\n`;
  });
  const types = Array.from({ length: count }, (_, i) =>
    (["N", "M", "R"] as const).map((name) => typeOf(name, i)),
  ).flat();
  return `import type { Message } from "@bufbuild/protobuf";
import type { GenMessage, GenService } from "@bufbuild/protobuf/codegenv2";
${types.join("")}${clients.join("")}`;
}

/** The same messages as answers. */
export function answersFor(count: number): Answers {
  const messageType = Array.from({ length: count }, (_, i) =>
    (["M", "N"] as const).map((name) =>
      create(DescriptorProtoSchema, {
        name: name + i,
        field: MESSAGES[name].map((field, n) => ({
          name: field,
          jsonName: field,
          number: n + 1,
          label: FieldDescriptorProto_Label.OPTIONAL,
          ...(INSIDE[field] === undefined
            ? { type: FieldDescriptorProto_Type.STRING }
            : { type: FieldDescriptorProto_Type.MESSAGE, typeName: `.t.${INSIDE[field]}${i}` }),
        })),
      }),
    ),
  ).flat();
  const file = create(FileDescriptorProtoSchema, { name: "t.proto", package: "t", syntax: "proto3", messageType });
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] }));
  const messages = [...registry].flatMap((type) => (type.kind === "message" ? [...reachable(type)] : []));
  return { messages: new Map(messages.map((message) => [message.typeName, message])), byPath: new Map() };
}
