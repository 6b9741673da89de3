// Formats of numbers and names.

/** Three digits or so: 0.42 ms, 42 ms, 4.2 s. */
export function ms(value: number): string {
  if (value >= 10_000) return `${(value / 1000).toFixed(1)} s`;
  if (value >= 1000) return `${(value / 1000).toFixed(2)} s`;
  if (value >= 100) return `${value.toFixed(0)} ms`;
  return `${value.toFixed(value >= 10 ? 1 : 2)} ms`;
}

/** Formats a time of day. */
export function time(at: number): string {
  return new Date(at).toLocaleTimeString(undefined, { hour12: false });
}

/** `package.Service/Method` → `Service/Method` */
export function shortName(name: string): string {
  const slash = name.lastIndexOf("/");
  const dot = name.lastIndexOf(".", slash < 0 ? name.length : slash);
  return name.slice(dot + 1);
}
