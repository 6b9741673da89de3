// Packages of libraries for random clients, with the types of the real ones. They answer with `globalThis.answer`.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const REACT_QUERY_TYPES = `export interface QueryObserverBaseResult<TData = unknown> {
  data: TData | undefined;
  isPending: boolean;
  refetch: () => Promise<UseQueryResult<TData>>;
}
export interface QueryObserverSuccessResult<TData = unknown> extends QueryObserverBaseResult<TData> {
  data: TData;
  isPending: false;
}
export interface QueryObserverPendingResult<TData = unknown> extends QueryObserverBaseResult<TData> {
  data: undefined;
  isPending: true;
}
export type UseQueryResult<TData = unknown> = QueryObserverSuccessResult<TData> | QueryObserverPendingResult<TData>;
export interface UseQueryOptions<TQueryFnData = unknown, TData = TQueryFnData> {
  queryKey: readonly unknown[];
  queryFn: () => TQueryFnData;
  select?: (data: TQueryFnData) => TData;
}
export declare function useQuery<TQueryFnData = unknown, TData = TQueryFnData>(
  options: UseQueryOptions<TQueryFnData, TData>,
): UseQueryResult<TData>;
export interface InfiniteData<TData> {
  pages: TData[];
}
export declare class QueryClient {
  getQueryData<TQueryFnData = unknown>(queryKey: readonly unknown[]): TQueryFnData | undefined;
}
export declare function useQueryClient(): QueryClient;
`;
const REACT_QUERY = `export const useQuery = ({ queryFn, select = (data) => data }) =>
  ({ data: select(queryFn()), isPending: false });
export const useQueryClient = () => ({ getQueryData: () => globalThis.answer });
`;
const CONNECT_QUERY_TYPES = `import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { InfiniteData, UseQueryOptions as Options, UseQueryResult } from "@tanstack/react-query";
export type UseQueryOptions<O extends DescMessage, SelectOutData = MessageShape<O>> =
  Omit<Options<MessageShape<O>, SelectOutData>, "queryFn" | "queryKey"> & { transport?: unknown };
export declare function useQuery<I extends DescMessage, O extends DescMessage, SelectOutData = MessageShape<O>>(
  schema: DescMethodUnary<I, O>,
  input?: MessageInitShape<I>,
  { transport, ...queryOptions }?: UseQueryOptions<O, SelectOutData>,
): UseQueryResult<SelectOutData>;
export declare function useInfiniteQuery<I extends DescMessage, O extends DescMessage>(
  schema: DescMethodUnary<I, O>,
  input?: MessageInitShape<I>,
): UseQueryResult<InfiniteData<MessageShape<O>>>;
export declare function useMutation<I extends DescMessage, O extends DescMessage>(
  schema: DescMethodUnary<I, O>,
  options: { onSuccess?: (data: MessageShape<O>) => void },
): { mutate: (input: MessageInitShape<I>) => void };
`;
const CONNECT_QUERY = `export const useQuery = (_, __, { select = (data) => data } = {}) =>
  ({ data: select(globalThis.answer), isPending: false });
export const useInfiniteQuery = () => ({ data: { pages: [globalThis.answer] }, isPending: false });
export const useMutation = (_, { onSuccess }) => ({ mutate: () => onSuccess(globalThis.answer) });
`;

/** A table that reads columns by their names. */
const GRID_TYPES = `export declare function Grid<T extends object>(props: {
  rows: readonly T[];
  columns: readonly string[];
}): import("react").JSX.Element;
`;
const GRID = `export const Grid = ({ rows, columns }) => rows.map((row) => columns.map((name) => row[name])).join();
`;

/** Writes the packages below a folder. */
export function writeLibraries(folder: string): void {
  const write = (name: string, types: string, code: string): void => {
    const path = join(folder, "node_modules", name);
    mkdirSync(path, { recursive: true });
    const entry = { types: "./index.d.ts", default: "./index.js" };
    writeFileSync(join(path, "package.json"), JSON.stringify({ name, type: "module", exports: { ".": entry } }));
    writeFileSync(join(path, "index.d.ts"), types);
    writeFileSync(join(path, "index.js"), code);
  };
  write("@tanstack/react-query", REACT_QUERY_TYPES, REACT_QUERY);
  write("@connectrpc/connect-query", CONNECT_QUERY_TYPES, CONNECT_QUERY);
  write("data-grid", GRID_TYPES, GRID);
}
