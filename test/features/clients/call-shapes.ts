// Random client code that receives messages from calls: promises, streams and their iterators, requests with messages.
import type { Shape } from "./read-shapes.ts";

/** Clients with the function `run`, which receives a client of the service. */
export const CALL_SHAPES: Readonly<Record<string, Shape>> = {
  unary: (a) =>
    `export const run = async (_: M, client: C): Promise<unknown> => { const x = await client.get({}); return x.${a}; };`,
  unpackedCall: (a, b) =>
    `export const run = async (_: M, client: C): Promise<unknown> => { const { ${a} = "none", ${b}: x } = await client.get({}); return [${a}, x]; };`,
  then: (a) => `export const run = (_: M, client: C): unknown => client.get({}).then(({ ${a} }) => ${a});`,
  thenShape: (a) =>
    `const show = (x: { ${a}: string }): string => x.${a};\nexport const run = (_: M, client: C): unknown => client.get({}).then(show);`,
  all: (a, b) =>
    `export const run = async (_: M, client: C): Promise<unknown> => { const [x, y] = await Promise.all([client.get({}), client.get({})]); return [x.${a}, y.${b}]; };`,
  settled: (a) =>
    `export const run = async (_: M, client: C): Promise<unknown> => { const all = await Promise.allSettled([client.get({})]); return all.map((x) => (x.status === "fulfilled" ? x.value.${a} : "")); };`,
  method: (a) =>
    `export const run = async (_: M, { get }: C): Promise<unknown> => { const x = await get({}); return x.${a}; };`,
  returned: (a) =>
    `type X = Awaited<ReturnType<C["get"]>>;\nconst show = (x: X): string => x.${a};\nexport const run = async (_: M, client: C): Promise<unknown> => show(await client.get({}));`,
  cached: (a) =>
    `const seen = new Map<string, Promise<{ ${a}: string }>>();\nexport const run = async (_: M, client: C): Promise<unknown> => { seen.set("k", client.get({})); return (await seen.get("k"))?.${a}; };`,
  stream: (a) =>
    `export const run = async (_: M, client: C): Promise<unknown> => { let all = ""; for await (const x of client.watch({})) all += x.${a}; return all; };`,
  streamPattern: (a, b) =>
    `export const run = async (_: M, client: C): Promise<unknown> => { let all = ""; for await (const { ${a}, ${b}: x = "-" } of client.watch({})) all += ${a} + x; return all; };`,
  streamAssigned: (a) =>
    `export const run = async (_: M, client: C): Promise<unknown> => { let x: { ${a}: string } | undefined; for await (x of client.watch({})); return x?.${a}; };`,
  streamParts: (a) =>
    `export const run = async (_: M, client: C): Promise<unknown> => { let ${a} = ""; for await ({ ${a} } of client.watch({})); return ${a}; };`,
  forwarded: (a) =>
    `async function* each<T>(of: AsyncIterable<T>): AsyncGenerator<T> { for await (const x of of) yield x; }\nexport const run = async (_: M, client: C): Promise<unknown> => { let all = ""; for await (const x of each(client.watch({}))) all += x.${a}; return all; };`,
  delegated: (a) =>
    `async function* each(client: C): AsyncGenerator<{ ${a}: string }> { yield* client.watch({}); }\nexport const run = async (_: M, client: C): Promise<unknown> => { let all = ""; for await (const x of each(client)) all += x.${a}; return all; };`,
  collected: () =>
    `async function listOf<T>(of: AsyncIterable<T>): Promise<T[]> { const all: T[] = []; for await (const x of of) all.push(x); return all; }\nexport const run = async (_: M, client: C): Promise<unknown> => JSON.stringify(await listOf(client.watch({})));`,
  next: (a) =>
    `export const run = async (_: M, client: C): Promise<unknown> => { const steps = client.watch({})[Symbol.asyncIterator](); const step = await steps.next(); return step.value.${a}; };`,
  nextUnpacked: (a) =>
    `export const run = async (_: M, client: C): Promise<unknown> => { const steps = client.watch({})[Symbol.asyncIterator](); const { value } = await steps.next(); return value.${a}; };`,
  nextDone: (a) =>
    `export const run = async (_: M, client: C): Promise<unknown> => { const steps = client.watch({})[Symbol.asyncIterator](); const step = await steps.next(); return step.done ? "" : step.value.${a}; };`,
  sentBack: () => `export const run = async (m: M, client: C): Promise<unknown> => client.send({ card: m });`,
  request: () =>
    `import { create } from "@bufbuild/protobuf";\nconst wrapped = (m: M): R => { try { return create(RSchema, { card: m }); } catch { return { $typeName: "" as R["$typeName"], card: m }; } };\nexport const run = async (m: M, client: C): Promise<unknown> => { const request = wrapped(m); return client.send(request); };`,
  requestWritten: () =>
    `import { toBinary } from "@bufbuild/protobuf";\nexport const run = (m: M): unknown => { const request: R = { $typeName: "" as R["$typeName"], card: m }; try { return toBinary(RSchema, request); } catch { return Object.values(request).map((x) => JSON.stringify(x)); } };`,
  extended: () =>
    `export const run = (m: M): unknown => { if (m.maker === undefined) return ""; const copy = { ...m.maker, card: m }; return JSON.stringify(copy); };`,
  both: (a) =>
    `export const run = (m: M): unknown => { if (m.maker === undefined) return ""; const both: NonNullable<M["maker"]> & { card: { ${a}: string } } = { ...m.maker, card: m }; return JSON.stringify(both); };`,
  patched: (a) =>
    `export const run = (m: M): unknown => { const patch: Partial<M> = m; const next = { ...{ ${a}: "" }, ...patch }; return next.${a}; };`,
  patchedAway: () =>
    `export const run = (m: M): unknown => { const patch: Partial<M> = m; return JSON.stringify({ ...patch }); };`,
  inner: (a) =>
    `const show = ({ maker: { name = "none" } = { name: "" }, ...rest }: { maker?: { name?: string }; ${a}: string }): string => name + rest.${a};\nexport const run = (m: M): unknown => show(m);`,
  optional: (a) =>
    `const first = (all: readonly (M | undefined)[]): string => \`<\${all[0]?.${a} ?? "none"}\${all[1]?.maker?.name ?? ""}>\`;\nexport const run = (m: M): unknown => first([m]);`,
  optionalCall: (a) =>
    `const show: ((x: { ${a}: string }) => string) | undefined = (x) => x.${a};\nexport const run = (m: M): unknown => show?.(m);`,
  spreadCall: (a, b) =>
    `const show = (x: { ${a}: string }, y: { ${b}: string }): string => x.${a} + y.${b};\nexport const run = (m: M): unknown => show(...([m, m] as const));`,
  spreadList: (a) =>
    `export const run = (m: M): unknown => { const all: { ${a}: string }[] = [...[m], ...new Set([m])]; return all.map((x) => x.${a}); };`,
  grouped: (a, b) =>
    `export const run = (m: M): unknown => Object.entries(Object.groupBy([m], (x) => x.${a})).map(([key, all]) => key + all?.map((x) => x.${b}));`,
  tagged: (a) =>
    `const html = (texts: TemplateStringsArray, ...values: { ${a}: string }[]): string => texts.join() + values.map((x) => x.${a});\nexport const run = (m: M): unknown => html\`<p>\${m}</p>\`;`,
  getter: (a) =>
    `class View { readonly #m: M; constructor(m: M) { this.#m = m; } get shown(): string { return this.#m.${a}; } }\nexport const run = (m: M): unknown => new View(m).shown;`,
  store: (a) =>
    `const createStore = <S,>(init: (set: (part: Partial<S>) => void) => S): (() => S) => { let state: S = init((part) => { state = { ...state, ...part }; }); return () => state; };\ninterface State { m: { ${a}: string } | undefined; load: (m: M) => void }\nexport const run = (m: M): unknown => { const store = createStore<State>((set) => ({ m: undefined, load: (m) => set({ m }) })); store().load(m); return store().m?.${a}; };`,
  labels: (a, b) =>
    `const labels: Partial<Record<keyof M, string>> = { ${a}: "A", ${b}: "B" };\nexport const run = (m: M): unknown => Object.keys(labels).map((key) => m[key as keyof M]);`,
};
