// Messages between `dev` and the process of a server.

export type Order =
  /** Import these modules, so that beginning takes no time; absolute paths. */
  | { readonly kind: "prepare"; readonly modules: readonly string[] }
  /** Be `node <file> …args`. */
  | {
      readonly kind: "begin";
      readonly file: string;
      readonly args: readonly string[];
      readonly env: Readonly<Record<string, string>>;
    };

export type Report =
  /** Files that were loaded since the last report, without those of packages. */
  | { readonly kind: "loaded"; readonly paths: readonly string[] }
  | { readonly kind: "prepared" }
  /** A module throws; `code` as of Node's errors. */
  | { readonly kind: "unprepared"; readonly message: string; readonly code: string | undefined };
