// `money.…` by the rules of google.type.Money, over whole numbers of billionths.
import { type CelFunc, type CelList, CelScalar, type CelValue, celFunc, listType } from "@bufbuild/cel";
import { create } from "@bufbuild/protobuf";
import { isReflectMessage, type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { none, some } from "./macros.ts";

const { DOUBLE, DYN, INT } = CelScalar;
const UNIT = 10n ** 9n;

export const money: CelFunc[] = [
  celFunc("money.add", [DYN, DYN], DYN, (a, b) => sumOf([a, b])),
  celFunc("money.sum", [listType(DYN)], DYN, (all) => (all.size > 0 ? some(sumOf(all)) : none)),
  celFunc("money.multiply", [DYN, INT], DYN, (a, factor) => withTotal(amountOf(a), billionths(amountOf(a)) * factor)),
  celFunc("money.multiply", [DYN, DOUBLE], DYN, (a, factor) => {
    // The exact decimal digits of a double: at most 1,074 behind the point.
    const scaled = decimal(factor);
    const product = billionths(amountOf(a)) * scaled.digits;
    return withTotal(amountOf(a), halfToEven(product, scaled.divisor));
  }),
];

function sumOf(values: CelList | readonly CelValue[]): CelValue {
  const amounts = [...values].map(amountOf);
  const currencies = new Set(amounts.map((amount) => fieldOf(amount, "currency_code")));
  const [first] = amounts;
  if (first === undefined || currencies.size !== 1) throw new Error("money: currencies");
  return withTotal(
    first,
    amounts.map(billionths).reduce((a, b) => a + b),
  );
}

function amountOf(value: CelValue): ReflectMessage {
  if (!isReflectMessage(value)) throw new Error("money: no message");
  return value;
}
function fieldOf(amount: ReflectMessage, name: string): unknown {
  const field = amount.desc.fields.find((member) => member.name === name);
  return field && amount.get(field);
}
function billionths(amount: ReflectMessage): bigint {
  const [units, nanos] = [fieldOf(amount, "units") as bigint, BigInt(fieldOf(amount, "nanos") as number)];
  const isValid = nanos > -UNIT && nanos < UNIT && units * nanos >= 0n && fieldOf(amount, "currency_code") !== "";
  if (!isValid) throw new Error("money: invalid");
  return units * UNIT + nanos;
}
function withTotal({ desc, message: like }: ReflectMessage, total: bigint): CelValue {
  const [units, nanos] = [total / UNIT, Number(total % UNIT)];
  if (units < -(2n ** 63n) || units >= 2n ** 63n) throw new Error("money: overflow");
  const { currencyCode } = like as { currencyCode?: string };
  return reflect(desc, create(desc, { units, nanos, ...(currencyCode !== undefined && { currencyCode }) }));
}

function decimal(value: number): { digits: bigint; divisor: bigint } {
  if (!Number.isFinite(value)) throw new Error("money: not finite");
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  const all = bits.getBigUint64(0);
  const [sign, exponent, fraction] = [all >> 63n, Number((all >> 52n) & 2047n), all & (2n ** 52n - 1n)];
  const digits = (exponent === 0 ? fraction : fraction + 2n ** 52n) * (sign === 1n ? -1n : 1n);
  const power = (exponent === 0 ? 1 : exponent) - 1075;
  return power >= 0 ? { digits: digits * 2n ** BigInt(power), divisor: 1n } : { digits, divisor: 2n ** BigInt(-power) };
}
function halfToEven(value: bigint, divisor: bigint): bigint {
  const [whole, rest] = [value / divisor, value % divisor];
  const twice = (rest < 0n ? -rest : rest) * 2n;
  const away = twice > divisor || (twice === divisor && whole % 2n !== 0n);
  return away ? whole + (value < 0n ? -1n : 1n) : whole;
}
