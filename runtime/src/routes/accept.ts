// The header `accept` (RFC 9110, 12.5.1).

/** Returns the weights of the named ranges, such as `text/html` and `text/*`. */
function weightsIn(accept: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const range of accept.toLowerCase().split(",")) {
    const [name = "", ...parameters] = range.split(";").map((part) => part.trim());
    const weight = parameters.map((parameter) => WEIGHT.exec(parameter)?.[1]).find((found) => found !== undefined);
    weights.set(name, Number(weight ?? 1) || 0);
  }
  return weights;
}
const WEIGHT = /^q\s*=\s*(.*)$/;

/** Returns the weight of a type by the most specific range; 0: it is not accepted. */
export function acceptedWeight(accept: string, type: string): number {
  const weights = weightsIn(accept);
  return weights.get(type) ?? weights.get(`${type.slice(0, type.indexOf("/"))}/*`) ?? weights.get("*/*") ?? 0;
}
/** Returns the weight of a type that the client names itself; 0: it does not name or accept it. */
export const namedWeight = (accept: string, type: string): number => weightsIn(accept).get(type) ?? 0;
