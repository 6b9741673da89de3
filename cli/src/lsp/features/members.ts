// Members of the user's TypeScript: resolvers of fields and messages, and functions of expressions.
import type { Location } from "vscode-languageserver";
import { TextDocument } from "vscode-languageserver-textdocument";
import { type MemberUse, type Module, memberUses, type Owner } from "../../resolvers/member-uses.ts";

/** Returns the modules with a type of resolvers or functions that contain a word. */
export type ModulesWith = (word: string) => readonly Module[];

export interface PlacedUse {
  readonly kind: MemberUse["kind"];
  readonly place: Location;
}

/** Returns the places that name a member of resolvers or functions. */
export function usesOfMember(member: string, owner: Owner, modulesWith: ModulesWith): readonly PlacedUse[] {
  return modulesWith(member).flatMap(({ uri, text }) => {
    const document = TextDocument.create(uri, "typescript", 0, text);
    return memberUses(text, member, owner).map(({ kind, from, to }) => ({
      kind,
      place: { uri, range: { start: document.positionAt(from), end: document.positionAt(to) } },
    }));
  });
}

/** Returns the definitions among uses, or all uses if none of them is certainly a definition. */
export function definitionsIn(uses: readonly PlacedUse[]): readonly PlacedUse[] {
  const defined = uses.filter(({ kind }) => kind !== "unknown");
  return defined.length > 0 ? defined : uses;
}
