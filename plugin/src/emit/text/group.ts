/** `10_000`. */
export const group = (value: number): string =>
  Number.isInteger(value) && value >= 1_000 ? String(value).replace(/\B(?=(\d{3})+$)/g, "_") : String(value);
