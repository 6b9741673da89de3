// Messages between `dev` and the process of a server.

export type Order =
  /** Import these modules now, so that `begin` is fast; absolute paths. */
  | { readonly kind: "prepare"; readonly modules: readonly string[] }
  /** Run as `node <file> …args`. */
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
  /** A module threw an error; `code` is that of Node. */
  | { readonly kind: "unprepared"; readonly message: string; readonly code: string | undefined };
