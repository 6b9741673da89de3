import type { Settings } from "./settings.ts";
import type { SourceSpec } from "./spec.ts";

/** The subject of a fault of a source's issuer: the variables that it is made of, or the source. */
export function issuerSubject(source: string, variables: readonly string[] = []): string {
  return variables.length === 0 ? `issuer of source ${source}` : variables.join(" and ");
}

/**
 * Reports sources that would accept each other's credentials, because all such credentials would be refused. For
 * issuers in the options the compiler does so (BFF157). The values of variables are available only at the start.
 */
export function checkIssuers(sources: readonly Pick<SourceSpec, "name" | "issued">[], settings: Settings): void {
  for (const [i, { name, issued }] of sources.entries()) {
    const other = sources
      .slice(0, i)
      .find((before) => before.issued?.place === issued?.place && before.issued?.issuer === issued?.issuer);
    if (issued === undefined || issued.issuer === "" || other === undefined) continue;
    const named = [...new Set([...(other.issued?.variables ?? []), ...issued.variables])];
    const variables = named.length === 0 ? `issuer of sources ${other.name} and ${name}` : named.join(" and ");
    const verb = named.length > 1 ? "name" : "is";
    const problem = `${verb} one issuer for the sources ${other.name} and ${name}, which read the same place: no token would be accepted`;
    settings.fault(variables, problem, "a separate issuer for each source, or declare one source");
  }
}
