// Random components and hooks of React that read messages; the result is the rendered page.
import type { Shape } from "./read-shapes.ts";

const shown = (component: string): string =>
  `${component}\nexport const run = (m: M): unknown => renderToStaticMarkup(<Card m={m} />);`;
const of = (body: string): string => shown(`const Card = ({ m }: { m: M }) => { ${body} };`);

/** Clients with the function `run`, in files with JSX. */
export const REACT_SHAPES: Readonly<Record<string, Shape>> = {
  text: (a, b) => of(`return <p title={m.${a}}>{m?.${b}}</p>`),
  inTemplate: (a) => of(`return <p className={\`card \${m?.${a} ?? "none"}\`}>{m.maker?.name}</p>`),
  unpackedProps: (a, b) =>
    shown(`const Card = ({ m: { ${a} = "none", ${b}: other } }: { m: M }) => <p>{${a}}{other}</p>;`),
  narrowProps: (a) => shown(`const Card = (props: { m: { ${a}: string } }) => <p>{props.m.${a}}</p>;`),
  spreadProps: (a, b) =>
    `const Card = ({ ${a}, ...rest }: { ${a}: string; ${b}?: string }) => <p>{${a}}{rest.${b}}</p>;\nexport const run = (m: M): unknown => renderToStaticMarkup(<Card {...m} />);`,
  spreadToElement: (a) => of(`const { ${a}: title } = m; const rest = { title }; return <p {...rest} />`),
  restProps: () =>
    shown(
      `const Inner = (props: { m: M }) => <p>{JSON.stringify(props.m)}</p>;\nconst Card = ({ ...rest }: { m: M }) => <Inner {...rest} />;`,
    ),
  list: (a) => of(`return <ul>{[m, m].map((x, i) => <li key={i}>{x.${a}}</li>)}</ul>`),
  renderProp: (a) =>
    shown(
      `const Each = <T,>({ of, children }: { of: readonly T[]; children: (x: T) => ReactNode }) => <>{of.map((x) => children(x))}</>;\nconst Card = ({ m }: { m: M }) => <Each of={[m]}>{(x) => <p>{x.${a}}</p>}</Each>;`,
    ),
  genericTable: (a) =>
    shown(
      `function Table<T extends object>({ rows, cell }: { rows: readonly T[]; cell: (row: T) => string }) { return <p>{rows.map(cell)}</p>; }\nconst Card = ({ m }: { m: M }) => <Table<M> rows={[m]} cell={(x) => x.${a}} />;`,
    ),
  columns: (a, b) =>
    of(
      `const columns: readonly { key: "${a}" | "${b}" }[] = [{ key: "${a}" }]; return <p>{columns.map(({ key }) => m[key])}</p>`,
    ),
  dumped: () =>
    shown(
      `function Dump<T,>({ of }: { of: T }) { return <p>{JSON.stringify(of)}</p>; }\nconst Card = ({ m }: { m: M }) => <Dump of={m} />;`,
    ),
  context: (a) =>
    shown(
      `const Shared = createContext<M | undefined>(undefined);\nconst Inner = () => { const m = useContext(Shared); return <p>{m?.${a}}</p>; };\nconst Card = ({ m }: { m: M }) => <Shared.Provider value={m}><Inner /></Shared.Provider>;`,
    ),
  contextShape: (a) =>
    shown(
      `const Shared = createContext<{ m: { ${a}: string } } | null>(null);\nconst useM = () => { const value = useContext(Shared); if (!value) throw new Error("none"); return value; };\nconst Inner = () => { const { m } = useM(); return <p>{m.${a}}</p>; };\nconst Card = ({ m }: { m: M }) => <Shared.Provider value={{ m }}><Inner /></Shared.Provider>;`,
    ),
  state: (a) => of(`const [value] = useState(m); return <p>{value.${a}}</p>`),
  stateShape: (a) =>
    of(
      `const [value, set] = useState<{ ${a}: string } | undefined>(undefined); if (value === undefined) set(m); return <p>{value?.${a}}</p>`,
    ),
  stateUpdater: (a, b) =>
    of(
      `const [value, set] = useState<{ ${a}: string; ${b}?: string }>({ ${a}: "-" }); if (value.${a} === "-") set((before) => ({ ...before, ...m })); return <p>{value.${b}}</p>`,
    ),
  memoized: (a) => of(`const title = useMemo(() => m.${a}.toUpperCase(), [m]); return <p>{title}</p>`),
  memoizedParts: (a, b) => of(`const { x, y } = useMemo(() => ({ x: m, y: m.${a} }), [m]); return <p>{x.${b}}{y}</p>`),
  callback: (a) => of(`const show = useCallback((x: { ${a}: string }) => x.${a}, []); return <p>{show(m)}</p>`),
  reference: (a) => of(`const at = useRef<M | null>(null); at.current = m; return <p>{at.current?.${a}}</p>`),
  reducer: (a) =>
    of(
      `const [value] = useReducer((state: { m: { ${a}: string } }, _: M) => state, { m }); return <p>{value.m.${a}}</p>`,
    ),
  external: (a) =>
    of(`const value = useSyncExternalStore(() => () => undefined, () => m, () => m); return <p>{value.${a}}</p>`),
  memoComponent: (a) =>
    shown(`const Card = memo(function Inner({ m }: { readonly m: M }) { return <p>{m.${a}}</p>; });`),
  wrapped: () =>
    shown(
      `const logged = <P extends object>(Inner: ComponentType<P>) => function Logged(props: P) { return <div title={JSON.stringify(props)}><Inner {...props} /></div>; };\nconst Card = logged(({ m: _ }: { m: M }) => <p />);`,
    ),
  element: (a) =>
    `const Card = ({ m }: { m: { ${a}: string } }) => <p>{m.${a}}</p>;\nexport const run = (m: M): unknown => renderToStaticMarkup(createElement(Card, { m }));`,
  untypedProps: (a) => shown(`const Card = ({ m }: any) => <p>{m.${a}}</p>;`),
  untypedChildren: (a) =>
    shown(
      `const Outer: any = ({ children }: any) => <p>{children.${a}}</p>;\nconst Card = ({ m }: { m: M }) => <Outer>{m}</Outer>;`,
    ),
  grid: (a, b) => of(`return <Grid rows={[m]} columns={["${a}", "${b}"]} />`),
  hook: (a) =>
    shown(
      `const useShown = <T extends { ${a}: string }>(x: T | undefined): string => useMemo(() => x?.${a} ?? "", [x]);\nconst Card = ({ m }: { m: M }) => <p>{useShown(m)}</p>;`,
    ),
  query: (a) => of(`const { data } = useQuery(S.method.get, {}); return <p>{data?.${a}}</p>`),
  queryRenamed: (a) =>
    of(`const { data: card, isPending } = useQuery(S.method.get, { }); return <p>{isPending ? "" : card?.${a}}</p>`),
  queryRest: (a) => of(`const { isPending, ...rest } = useQuery(S.method.get, {}); return <p>{rest.data?.${a}}</p>`),
  queryResult: (a) => of(`const result = useQuery(S.method.get); return <p>{result.data?.${a}}</p>`),
  querySelect: (a) =>
    of(`const { data } = useQuery(S.method.get, {}, { select: (x) => x.${a} }); return <p>{data}</p>`),
  querySelectShape: (a) =>
    of(
      `const { data } = useQuery(S.method.get, {}, { select: ({ ${a} }: { ${a}: string }) => ({ ${a} }) }); return <p>{data?.${a}}</p>`,
    ),
  querySelectPart: (a) =>
    of(
      `const { data } = useQuery(S.method.get, {}, { select: (x) => ({ list: [x] }) }); return <p>{data?.list[0]?.${a}}</p>`,
    ),
  queryHook: (a, b) =>
    shown(
      `const useCard = () => useQuery(S.method.get, {});\nconst Card = (_: { m: M }) => { const { data: { ${a}, ${b}: x = "" } = {} } = useCard(); return <p>{${a}}{x}</p>; };`,
    ),
  queryPages: (a) =>
    of(
      `const { data } = useInfiniteQuery(S.method.get, {}); return <p>{data?.pages.flatMap((page) => [page.${a}])}</p>`,
    ),
  mutation: (a) =>
    of(
      `const seen: string[] = []; const { mutate } = useMutation(S.method.get, { onSuccess: (x) => void seen.push(x.${a}) }); mutate({}); return <p>{seen}</p>`,
    ),
  tanstack: (a) =>
    of(
      `const { data } = useTanstack({ queryKey: ["m"], queryFn: () => m, select: (x) => x.${a} }); return <p>{data}</p>`,
    ),
  cachedQuery: (a) =>
    of(
      `const known = useQueryClient().getQueryData<{ ${a}: string }>(["m"]); const { data } = useQuery(S.method.get, {}); return <p>{data === undefined ? "" : known?.${a}}</p>`,
    ),
};

/** Imports of these clients. */
export const REACT_IMPORTS = `import { useInfiniteQuery, useMutation, useQuery } from "@connectrpc/connect-query";
import { useQuery as useTanstack, useQueryClient } from "@tanstack/react-query";
import { type ComponentType, createContext, createElement, memo, type ReactNode } from "react";
import { useCallback, useContext, useMemo, useReducer, useRef, useState, useSyncExternalStore } from "react";
import { Grid } from "data-grid";
import { renderToStaticMarkup } from "react-dom/server";
`;
