// The header `accept` (RFC 9110, 12.5.1).

/** Number of characters that are read. */
const MAX_VALUE_CHARACTERS = 1_000;
const WEIGHT = /^\s*q\s*=\s*(.*)$/;

/** Returns the weight of a range such as `text/html` or `text/*`; undefined: the client does not name it. */
function weightOf(accept: string, name: string): number | undefined {
  for (const range of accept.slice(0, MAX_VALUE_CHARACTERS).toLowerCase().split(",")) {
    const end = range.indexOf(";");
    if ((end < 0 ? range : range.slice(0, end)).trim() !== name) continue;
    const parameters = end < 0 ? [] : range.slice(end + 1).split(";");
    const weight = parameters.map((parameter) => WEIGHT.exec(parameter)?.[1]).find((found) => found !== undefined);
    return Number(weight ?? 1) || 0;
  }
  return undefined;
}

/** Returns the weight of a type by the most specific range; 0: it is not accepted. */
export const acceptedWeight = (accept: string, type: string): number =>
  weightOf(accept, type) ?? weightOf(accept, `${type.slice(0, type.indexOf("/"))}/*`) ?? weightOf(accept, "*/*") ?? 0;
/** Returns the weight of a type that the client names itself; 0: it does not name or accept it. */
export const namedWeight = (accept: string, type: string): number => weightOf(accept, type) ?? 0;
